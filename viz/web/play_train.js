// Networks: their graphs, made of the table's rows, and straight-line programs emitted from these for each architecture.
const playTrain = (() => {
'use strict'
const counts = sizes => sizes.slice(1).map((m, l) => m * (sizes[l] + 1))  // parameters of each layer
const total = sizes => counts(sizes).reduce((a, b) => a + b, 0)
function places(sizes) {  // where each neuron's weights and bias stand: neuron after neuron, weights before the bias
  let at = 0
  return sizes.slice(1).map((m, l) => Array.from({ length: m }, () => {
    const weights = Array.from({ length: sizes[l] }, () => at++)
    return { weights, bias: at++ }
  }))
}
function onTree(graph, tree, given) {
  if (typeof tree === 'number') return tree
  return typeof tree === 'string' ? given[tree] : graph.apply(tree[0], tree.slice(1).map(part => onTree(graph, part, given)))
}
function network({ sizes, activation, loss }, weights, point) {  // its graph on one point, as nn.MLP makes it
  const graph = new Graph(), leaf = (value, name) => graph.leaf(value, name)
  const inputs = [leaf(point[0], 'x1'), leaf(point[1], 'x2')], target = leaf(RULES.losses[loss].targets[point[2]], 't')
  const parameters = Array.from(weights, (w, k) => leaf(w, `w${k}`)), layers = [], sums = []
  let outputs = inputs
  places(sizes).forEach((layer, l) => {
    const last = l === sizes.length - 2, before = outputs
    sums.push([])
    outputs = layer.map(({ weights, bias }) => {
      const products = weights.map((k, i) => graph.apply('mul', [parameters[k], before[i]]))
      const z = graph.apply('add', [products.reduce((a, b) => graph.apply('add', [a, b])), parameters[bias]])
      sums.at(-1).push(z)
      return last || activation === 'identity' ? z : graph.apply(activation, activation in DEFAULTS ? [z, ...DEFAULTS[activation]] : [z])
    })
    layers.push(outputs)
  })
  const root = onTree(graph, RULES.losses[loss].tree, { s: outputs[0], t: target })
  return { inputs, target, parameters, layers, sums, root, order: graph.sorted(root) }
}
const DEFAULTS = Object.fromEntries(Object.entries(table.rows).filter(([, row]) => Object.keys(row.defaults).length).map(([name, row]) => [name, Object.values(row.defaults)]))

// ── emitting ──

class Emitter {  // lines of JavaScript for a graph; parameters are local numbers
  constructor(net) {
    this.net = net
    this.names = new Map()
    net.parameters.forEach((node, k) => this.names.set(node, `w${k}`))
    net.inputs.forEach((node, k) => this.names.set(node, `i${k}`))
    this.names.set(net.target, 'target')
    net.order.forEach((node, k) => { if (node.op) this.names.set(node, `n${k}`) })
    this.moving = new Set(net.parameters)
    for (const node of net.order) if (node.operands.some(x => this.moving.has(x))) this.moving.add(node)
  }
  text(x) { return x instanceof GraphNode ? this.names.get(x) : sourced(x) }
  forward(until = this.net.root) {
    const order = new Graph().sorted(until)
    return order.filter(node => node.op).map(node => `const ${this.text(node)} = ${put(table.rows[node.op].forward, '', ...node.operands.map(x => this.text(x)))}`)
  }
  backward(add) {  // add: what is done with the gradient of a parameter
    const arriving = new Map([[this.net.root, ['1']]]), lines = []
    for (const node of [...this.net.order].reverse()) {
      if (!arriving.has(node) || !this.moving.has(node)) continue
      const parts = arriving.get(node), parameter = this.net.parameters.indexOf(node)
      if (parameter >= 0) { lines.push(add(parameter, parts.join(' + '))); continue }
      const own = parts.length === 1 && /^(1|d\d+|-d\d+)$/.test(parts[0]) ? parts[0] : `d${this.names.get(node).slice(1)}`
      if (own !== parts[0]) lines.push(`const ${own} = ${parts.join(' + ')}`)
      this.gradients.set(node, own)
      const said = node.operands.map(x => this.text(x))
      node.operands.forEach((x, k) => {
        if (!(x instanceof GraphNode) || !this.moving.has(x)) return
        const row = table.rows[node.op], local = put(row.partials[k], this.text(node), ...said), taken = row.taken[k] && put(row.taken[k], this.text(node), ...said)
        const down = local === '1.0' ? own : local === '(-1.0)' ? `-${own}` : taken === local ? `(${local} ? ${own} : 0)`
          : taken ? `(${taken} ? ${own} * ${local} : 0)` : `${own} * ${local}`
        arriving.set(x, [...arriving.get(x) ?? [], down.replace(/^--/, '')])
      })
    }
    return lines
  }
  gradients = new Map()
}
const load = count => `const ${Array.from({ length: count }, (_, k) => `w${k} = W[${k}]`)}\n`
const made = (args, body) => new Function(`${PRELUDE}return (${args}) => {\n${body}\n}`)()

function programs(shape) {  // what one architecture needs
  const count = total(shape.sizes), zeros = new Float64Array(count), net = network(shape, zeros, [0, 0, 0]), emitter = new Emitter(net), { root } = net
  const targets = RULES.losses[shape.loss].targets, head = `${load(count)}const low = ${sourced(targets[0])}, high = ${sourced(targets[1])}\nlet loss = 0`
  const each = `for (let k = from; k < to; k++) {\nconst i = order[k], i0 = X[i], i1 = Y[i], target = T[i] ? high : low`
  const forward = emitter.forward(), backward = emitter.backward((k, sum) => `g${k} += ${sum}`), name = node => emitter.text(node)
  const score = net.layers.at(-1)[0], hidden = net.layers.slice(0, -1).flat(), before = emitter.forward(score)
  return {
    net, count,
    gradient: made('W, G, X, Y, T, order, from, to', `${head}\nlet ${Array.from({ length: count }, (_, k) => `g${k} = 0`)}\n${each}\n${forward.join('\n')}\n`
      + `loss += ${name(root)}\n${backward.join('\n')}\n}\nconst n = to - from\n${Array.from({ length: count }, (_, k) => `G[${k}] = g${k} / n`).join('\n')}\nreturn loss / n`),
    score: made('W, X, Y, S, count', `${load(count)}for (let k = 0; k < count; k++) {\nconst i0 = X[k], i1 = Y[k]\n${before.join('\n')}\nS[k] = ${name(score)}\n}`),
    neurons: made('W, X, Y, A, count', `${load(count)}for (let k = 0; k < count; k++) {\nconst i0 = X[k], i1 = Y[k], at = k * ${hidden.length + 1}\n${before.join('\n')}\n`
      + [...hidden, score].map((node, j) => `A[at + ${j}] = ${name(node)}`).join('\n') + '\n}'),
    inspect: made('W, X, Y, T, order, from, to, A, D', `${head}\n${each}, at = (k - from) * ${hidden.length}\n${forward.join('\n')}\n${backward.filter(line => line.startsWith('const')).join('\n')}\n`
      + hidden.map((node, j) => `A[at + ${j}] = ${name(node)}; D[at + ${j}] = ${emitter.gradients.get(node) ?? 0}`).join('\n') + '\n}'),
  }
}
const cached = (make, known = new Map()) => (...given) => {
  const key = JSON.stringify(given)
  if (!known.has(key)) { if (known.size > 20) known.clear(); known.set(key, make(...given)) }
  return known.get(key)
}
const updates = cached(name => {  // the optimiser's rule, on all parameters
  const { update, slots } = RULES.optimisers[name], kept = Object.keys(slots)
  return { kept, run: made(`W, G, lr, t, ${['S', ...kept.map(slot => `${slot}_`)]}`, `for (let k = 0; k < W.length; k++) {\nconst x = W[k], g = G[k]${kept.map(slot => `, ${slot} = ${slot}_[k]`).join('')}\n`
    + `${kept.map(slot => `${slot}_[k] = ${slots[slot]}`).join('\n')}\nW[k] = ${update}\n}`) }
})
const penalties = {  // λ·Σ w² and λ·Σ |w| over weights, not biases: what they add to the gradient
  none: null,
  L2: made('W, G, where, lambda', `for (const k of where) { const w = W[k]; G[k] += lambda * (${put(table.rows.mul.partials[0], '', 'w', 'w')} + ${put(table.rows.mul.partials[1], '', 'w', 'w')}) }`),
  L1: made('W, G, where, lambda', `for (const k of where) { const w = W[k], out = abs(w); G[k] += lambda * ${put(table.rows.abs.partials[0], 'out', 'w')} }`),
}
const STARTS = ['nn', 'Xavier', 'He', 'large', 'zeros']
function start(sizes, kind, seed) {  // weights and biases, neuron after neuron
  const draw = playData.source(seed * 104729 + 5), found = []
  sizes.slice(1).forEach((m, l) => {
    const n = sizes[l], limit = { nn: n ** -.5, Xavier: Math.sqrt(6 / (n + m)), He: Math.sqrt(6 / n), large: 8, zeros: 0 }[kind]
    for (let j = 0; j < m; j++) {
      for (let i = 0; i < n; i++) found.push(playData.between(draw, -limit, limit) || 0)
      found.push(kind === 'nn' ? playData.between(draw, -limit, limit) : 0)
    }
  })
  return Float64Array.from(found)
}

class Training {  // one run: weights, data, and the steps so far
  constructor(settings, points, weights = null) {
    const { sizes, activation, loss, optimiser, start: kind, seed } = settings
    Object.assign(this, { settings, points, t: 0, programs: programs({ sizes, activation, loss }) })
    this.W = weights ? Float64Array.from(weights) : start(sizes, kind, seed)
    this.G = new Float64Array(this.W.length)
    this.X = Float64Array.from(points, p => p[0])
    this.Y = Float64Array.from(points, p => p[1])
    this.T = Uint8Array.from(points, p => p[2])
    this.order = Int32Array.from(points, (_, i) => i)
    this.at = 0
    this.draw = playData.source(seed * 31 + 7)
    this.where = places(sizes).flat().flatMap(neuron => neuron.weights)
    this.update = updates(optimiser)
    this.slots = this.update.kept.map(() => new Float64Array(this.W.length))
    this.losses = []
    this.sum = this.batches = this.seen = 0
    this.sitter = new PlaySitter(this)
  }
  get epoch() { return this.seen / Math.max(1, this.points.length) }
  step() {  // one batch; false where the loss is no number any more
    const { W, G, X, Y, T, order, settings: { batch, rate, penalty, lambda } } = this, n = order.length
    if (!n) return false
    if (this.at >= n) this.turn()
    const to = Math.min(n, batch ? this.at + batch : n), from = this.at, loss = this.programs.gradient(W, G, X, Y, T, order, from, to)
    if (penalty !== 'none') penalties[penalty](W, G, this.where, lambda)
    if (!this.sitter.before(loss, from, to)) return false
    this.update.run(W, G, rate, this.t++, null, ...this.slots)
    this.sitter.after()
    this.losses.push(loss)
    this.at = to
    this.seen += to - from
    if (to === n) this.sitter.epoch()
    return true
  }
  turn() {  // a new epoch: the batches are drawn anew
    this.at = 0
    if (!this.settings.batch || this.settings.batch >= this.order.length) return
    for (let k = this.order.length - 1; k > 0; k--) {
      const j = Math.floor(this.draw() * (k + 1))
      ;[this.order[k], this.order[j]] = [this.order[j], this.order[k]]
    }
  }
  correct() {  // share of the points on their own side
    const S = new Float64Array(this.points.length)
    this.programs.score(this.W, this.X, this.Y, S, S.length)
    const middle = RULES.losses[this.settings.loss].targets.reduce((a, b) => a + b) / 2, edge = this.settings.loss === 'cross-entropy' ? 0 : middle
    return S.reduce((sum, s, i) => sum + ((s > edge) === (this.T[i] === 1)), 0) / Math.max(1, S.length)
  }
}
return { Training, network, places, total, start, STARTS, DEFAULTS, chance: { 'cross-entropy': Math.log(2), hinge: 1 } }
})()
