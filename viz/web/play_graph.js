// Graphs on the page: nodes made by the table's rows, their order, their straight-line program, and their data for the stepper.
const PRELUDE = Object.entries(table.functions).map(([name, source]) => `const ${name} = ${source}\n`).join('')
const forward = new Function(`${PRELUDE}return {${Object.entries(table.rows).map(([name, row]) => `${name}: (x, y) => ${row.forward}`)}}`)()
const put = (rule, out, x, y) => rule.replace(/\b(out|x|y)\b/g, name => name === 'out' ? out : name === 'x' ? x : y)  // a rule on pieces of source
const sourced = x => x < 0 || Object.is(x, -0) ? `(${Object.is(x, -0) ? '-0' : x})` : String(x)

class GraphNode {
  constructor(op, operands, value, name = '') { Object.assign(this, { op, operands, value, name, scope: null }) }
}
class Graph {
  leaf(value, name) { return new GraphNode('', [], value, name) }
  apply(name, operands) {  // numbers stay numbers
    const value = forward[name](...operands.map(x => x instanceof GraphNode ? x.value : x))
    return operands.some(x => x instanceof GraphNode) ? new GraphNode(name, operands, value) : value
  }
  sorted(root) {  // all nodes above the root, inputs before outputs
    const seen = new Set(), order = [], stack = [root]
    while (stack.length) {
      const node = stack.pop()
      if (node === null) { order.push(stack.pop()); continue }
      if (seen.has(node)) continue
      seen.add(node)
      const inputs = node.operands.filter(x => x instanceof GraphNode)
      if (inputs.length) stack.push(node, null, ...inputs.reverse())
      else order.push(node)
    }
    return order
  }
}
function programOf(order) {  // every value, and every local gradient: the text that to_javascript gives in Python
  const place = new Map(order.map((node, i) => [node, i])), lines = []
  order.forEach((node, i) => {
    if (!node.op) return
    const row = table.rows[node.op], said = node.operands.map(x => x instanceof GraphNode ? `v[${place.get(x)}]` : sourced(x))
    const locals = row.partials.map((rule, k) => node.operands[k] instanceof GraphNode ? put(rule, `v[${i}]`, ...said) : 'null')
    lines.push(`v[${i}] = ${put(row.forward, '', ...said)}; l[${i}] = [${locals.join(', ')}]`)
  })
  return `${PRELUDE}const l = []\n${lines.join('\n')}\nreturn l`
}

function chain(scope) { return scope ? [...chain(scope.parent), scope] : [] }  // from the outermost scope inwards
function gradientsOf(order, seed) {
  const place = new Map(order.map((node, i) => [node, i])), locals = new Function('v', programOf(order))(order.map(node => node.value)), totals = new Map([[order.length - 1, seed]])
  const on = new Map(), cut = new Set()
  for (let i = order.length - 1; i >= 0; i--) {
    if (!totals.has(i)) continue
    order[i].operands.forEach((x, k) => {
      if (!(x instanceof GraphNode)) return
      const target = place.get(x), local = locals[i][k], none = local === false || cut.has(i), down = none ? 0 : totals.get(i) * local
      if (!none) cut.delete(target)
      else if (!totals.has(target)) cut.add(target)
      totals.set(target, (totals.get(target) ?? 0) + down)
      on.set(`${i},${k}`, down)
    })
  }
  return { totals, locals, on, contribution: (i, k) => on.get(`${i},${k}`) ?? 0 }
}

const stepperData = (() => {
'use strict'
const NUMBER = '−00.00', GAP = 5, BETWEEN = 4
const round = x => Math.round(100 * x) / 100
function named(order) {  // a name for each node: its own, or a number
  const taken = new Set(order.map(node => node.name))
  let letter = 'v'
  while (order.some((_, i) => taken.has(`${letter}${i}`))) letter += 'v'
  return order.map((node, i) => node.name || `${letter}${i}`)
}
function body(pieces, wires, kind, name, held = '') {  // width and height of a gate or a name
  if (kind !== 'gate') return name ? [2 * Math.ceil(texts.width(texts.clip(name), 15, true) / 2 + 3), 24] : [10, 10]
  const sign = pieces.reduce((sum, [text, constant]) => sum + texts.width(text, 15 * (constant ? .87 : 1)), 0)
  if (held) return [2 * Math.ceil(Math.max(sign, texts.width(held, 10.5)) / 2 + 8), 44]
  const radius = Math.ceil(Math.max(17, sign / 2 + 5))
  return radius <= 24 && wires <= 2 ? [2 * radius, 2 * radius] : [2 * Math.ceil(Math.max(sign / 2 + 8, 18)), 34]
}
function room(value, formula, gradient) {  // of the texts on a wire
  const across = said => Math.max(texts.width(said, 13), texts.width(NUMBER, 13)), beside = formula ? texts.width(formula, 10.5) + BETWEEN : 0
  return [round(Math.max(across(value), across(gradient)) + beside + 2 * GAP), 18, 21, round(beside)]
}
const pieces = (name, operands) => texts.sign(name, operands).map(([text, constant]) => [(text.startsWith(' ') ? ' ' : '') + texts.clip(text.trim()), constant])

return (order, given, { seed = 1, moved = null } = {}) => {  // given: what is the same for every circuit
  const place = new Map(order.map((node, i) => [node, i])), names = named(order), root = order.length - 1, values = order.map(node => node.value)
  const short = names.map(name => texts.clip(name)), twice = new Set(short.filter((name, i) => short.indexOf(name) < i))
  const within = i => twice.has(short[i]) ? `…${[...names[i]].slice(-23).join('')}` : names[i]
  const leaves = order.flatMap((node, i) => node.op ? [] : [i]), scopes = [...new Set(order.flatMap(node => chain(node.scope)))]
  const edges = order.map(() => []), wires = [], gates = []
  const gradients = gradientsOf(order, seed)
  order.forEach((node, i) => {
    const sign = node.op ? pieces(node.op, node.operands) : [], inputs = node.operands.filter(x => x instanceof GraphNode)
    const kind = node.op ? 'gate' : 'input', [along, across] = body(sign, inputs.length, kind, within(i))
    gates.push([`n${i}`, kind, texts.clip(within(i)), node.op ? texts.width(`${texts.clip(within(i))} = `, 13) : 0, [i],
      node.scope ? scopes.indexOf(node.scope) : -1, along, across, !['add', 'mul'].includes(node.op), sign, 1])
    const constants = node.operands.map(x => x instanceof GraphNode ? null : x)
    const said = node.operands.map((x, k) => x instanceof GraphNode ? names[place.get(x)] : String(constants[k]))
    const shortly = node.operands.map((x, k) => x instanceof GraphNode ? within(place.get(x)) : said[k])
    node.operands.forEach((x, k) => {
      if (!(x instanceof GraphNode)) return
      const template = texts.template(node.op, k, constants), target = place.get(x)
      edges[i].push([k, target, texts.clip(texts.filled(template, said, names[i]), 60)])
      const formula = texts.clip(texts.filled(template, shortly, within(i))), arrived = gradients.contribution(i, k)
      wires.push([`w${i}-${k}`, target, i, [[i, k]], formula, room(texts.shown(x.value), formula, texts.shown(arrived)), ''])
    })
  })
  const [along, across] = body([], 1, 'output', within(root))
  gates.push(['out0', 'output', texts.clip(within(root)), 0, [], -1, along, across, true, [], 1])
  wires.push(['w-out0', root, order.length, [], '', room(texts.shown(values[root]), '', texts.shown(seed)), ''])
  return {
    ...given, leaves, moved: moved ?? leaves, root, seed, values, edges,
    nodes: order.map((node, i) => ({ name: short[i], op: node.op || 'input', text: node.op ? texts.applied(node.op, node.operands) : 'input()',
      operands: node.operands.map(x => x instanceof GraphNode ? place.get(x) : general(x).replace('-', '−')) })),
    circuit: { ...given.circuit, gates, wires, constants: {}, closed: [], fixed: false, scopes: scopes.map(scope => {
      const name = texts.clip(scope.name), size = (wires, held) => body([[name, 0]], wires, 'gate', name, held)
      return [name, scope.parent ? scopes.indexOf(scope.parent) : -1, Math.ceil(texts.width(name, 12)) + 20, ...size(1), ...size(3), ...size(1, held(order, scope))]
    }) },
  }
}
function held(order, scope) {  // said on a closed scope about the inputs that only it uses
  const homes = new Map()
  for (const node of order) for (const x of node.operands) if (x instanceof GraphNode && !x.op) {
    const around = chain(node.scope)
    homes.set(x, homes.has(x) ? homes.get(x).filter(s => around.includes(s)) : around)
  }
  const count = Math.max([...homes.values()].filter(around => around.includes(scope)).length, 1)
  return `${count} parameter${count > 1 ? 's' : ''}`
}
})()
