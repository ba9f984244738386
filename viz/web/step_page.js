(() => {
'use strict'
const { digits, nodes, edges, leaves, walks, mistakes, root, seed } = DATA, { scopes } = DATA.circuit
const $ = id => document.getElementById(id)
const live = COMPUTE !== null
const formed = (x, shape) => Array.isArray(x) ? Object.assign(x, { shape }) : x  // entries in row order, and their shape
const values = DATA.values.map((x, i) => formed(Array.isArray(x) ? [...x] : x, nodes[i].shape)), first = formed(seed, nodes[root].shape)
const forks = nodes.map(() => 0)  // how many contributions each node waits for
edges.flat().forEach(([, target]) => forks[target]++)
let frames = [], passed = new Set(), at = 0, mistake = '', timer = 0, message = '', history = [], went = 0
let drawn = null, closed = new Set(DATA.circuit.closed)

// ── numbers, as Python's pictures show them ──

function digitsOf(x, method, wanted) {  // ties to even, as Python has it; JavaScript rounds them up
  const n = Math.min(wanted, 100)
  if (!/50*(e|$)/.test(String(x))) return x[method](n).split('e')  // no tie
  const more = Math.min(n + 40, 100), [long, power] = x[method](more).split('e')
  const head = long.slice(0, long.length - more + n), even = '02468'.includes(head.replace('.', '').slice(-1))
  return even && /^50*$/.test(long.slice(long.length - more + n)) ? [head.replace(/\.$/, ''), power] : x[method](n).split('e')
}
const raised = text => text.replace(/[-\d]/g, c => c === '-' ? '⁻' : '⁰¹²³⁴⁵⁶⁷⁸⁹'[c])
const typed = ([text, power]) => (power ? `${text}·10${raised(String(power))}` : text).replaceAll('-', '−')
const value = ([text, power]) => Number(`${text}e${power}`), unit = ([text, power]) => 10 ** (power - (text.split('.')[1] ?? '').length)
const HALF = .5 + 1e-9
function rounded(x, d, more = 0, places = 0) {  // decimal text, and a power of ten
  const auto = d === 'auto', significant = auto ? 2 : d, power = x && Number(digitsOf(x, 'toExponential', significant - 1)[1])
  if (-4 < power && power < 6) {
    const decimals = Math.max(significant - 1 - power, auto ? 2 : 0) + more, [text] = digitsOf(x || 0, 'toFixed', decimals)
    return [places > decimals && Number(text) !== x ? digitsOf(x, 'toFixed', places)[0] : text, 0]
  }
  const [text, exponent] = digitsOf(x, 'toExponential', Math.max(significant - 1 + (auto && power > 0) + more, places && power < 0 ? places + power : 0))
  return [text, Number(exponent)]
}
function candidates(x, d) {  // with ever more digits, up to all that it has
  const found = []
  for (let more = 0; more < 18; more++) { found.push(rounded(x, d, more)); if (value(found[more]) === x) break }
  return found
}
function multiplied(upstream, local, downstream, places = 0, d = digits) {  // texts that multiply out, to half a unit of the product
  if (![upstream, local, downstream].every(Number.isFinite)) return [show(upstream), show(local), show(downstream, d, places)]
  const product = rounded(downstream, d, 0, places), ups = candidates(upstream, d), locals = candidates(local, d)
  for (let count = 0; count < ups.length + locals.length - 1; count++) {
    const ways = ups.map((_, i) => i).filter(i => i <= count && count - i < locals.length).sort((a, b) => Math.abs(2 * a - count) - Math.abs(2 * b - count))
    for (const i of ways) if (Math.abs(value(ups[i]) * value(locals[count - i]) - value(product)) <= unit(product) * HALF)
      return [ups[i], locals[count - i], product].map(typed)
  }
  return [ups[0], locals[0], product].map(typed)
}
function addUp(parts, total, d = digits) {  // how many decimals the parts need
  if (![...parts, total].every(Number.isFinite)) return 0
  const sum = rounded(total, d), finest = unit(sum) ? Math.max(Math.round(-Math.log10(unit(sum))), 0) : 0
  for (const places of [0, ...Array(16).keys()].map((n, k) => k ? finest + 1 + n : 0))
    if (Math.abs(parts.map(part => value(rounded(part, d, 0, places))).reduce((x, y) => x + y) - value(sum)) <= unit(sum) * HALF) return places
  return 0
}
function show(x, d = digits, places = 0) {
  if (x === null || x === undefined) return ''
  if (typeof x === 'string') return x
  if (Array.isArray(x)) return summary(x, d)
  return Number.isFinite(x) ? typed(rounded(x, d, 0, places)) : x > 0 ? 'inf' : x < 0 ? '−inf' : 'nan'
}
function summary(x, d) {  // an array in a few words
  const shape = x.shape.join('×')
  if (!x.shape.length) return show(x[0], d)
  if (x.length <= 6) return `${x.shape.length > 1 ? `${shape}: ` : ''}[${x.map(y => show(y, d)).join(' ')}]`
  const finite = x.filter(Number.isFinite), count = (kind, n) => n ? `, ${n} ${kind}` : ''
  const [low, mean, high] = finite.length ? [Math.min(...finite), finite.reduce((a, b) => a + b) / finite.length, Math.max(...finite)] : [NaN, NaN, NaN]
  return `${shape}: ${show(low, d)} … ${show(high, d)}, mean ${show(mean, d)}${count('nan', x.filter(Number.isNaN).length)}`
    + count('inf', x.filter(y => Math.abs(y) === Infinity).length)
}
const BARS = '▁▂▃▄▅▆▇█'
function brief(x, d = digits, places = 0) {  // so short that it has room on a wire: an array is its shape, and a histogram of its entries
  if (!Array.isArray(x) || !x.shape.length || x.length <= 6 && show(x, d).length <= 30) return show(x, d, places)
  const finite = x.filter(Number.isFinite), low = Math.min(...finite), span = Math.max(...finite) - low, counts = Array(8).fill(0)
  if (span > 0 && span < Infinity) for (const y of finite) counts[Math.min(7, Math.floor((y - low) * (8 / span)))]++
  const most = Math.max(...counts), bars = most ? ` ${counts.map(n => BARS[Math.ceil(n * 7 / most)]).join('')}` : ''
  const bad = [['nan', x.filter(Number.isNaN).length], ['inf', x.filter(y => Math.abs(y) === Infinity).length]].filter(([, n]) => n)
  return `${x.shape.join('×')}${bars}${finite.length && !span ? `: all ${show(low, d)}` : ''}${bad.map(([kind, n]) => `, ${n} ${kind}`).join('')}`
}
const bracketed = text => text.startsWith('−') ? `(${text})` : text
const size = x => Array.isArray(x) ? Math.max(...x.map(Math.abs)) : Math.abs(x)
function plus(x, y) {
  if (!Array.isArray(x)) return x + y
  if (`${x.shape}` !== `${y.shape}`) throw UNFIT
  return formed(x.map((a, k) => a + y[k]), x.shape)
}
const same = (x, right) => Array.isArray(x) ? `${x.shape}` === `${right.shape}` && x.every((a, k) => same(a, right[k])) : x === right || Math.abs(x - right) <= 1e-9 * Math.abs(right) || x !== x && right !== right

// ── the walk: forward, then backward; right, or with a mistake ──

const UNFIT = new Error('these shapes do not go together')
function sweepArrays(order, locals, totals, walk = []) {  // entry by entry: an edge says where something arrives
  const arrived = { }
  for (const i of Object.keys(totals)) arrived[i] = totals[i].map(() => true)
  for (const node of order) {
    if (!(node in totals)) continue
    const upstream = totals[node], frame = { phase: 'backward', node, gradient: upstream, edges: [] }
    if (`${upstream.shape}` !== `${nodes[node].shape}`) throw UNFIT
    walk.push(frame)
    for (const [argument, target, formula] of edges[node]) {
      const { local, fit, unfit } = locals[node][argument], loose = mistake === 'unbroadcast' && unfit
      const [down, reached] = (loose || fit)(upstream, arrived[node]), downstream = formed(down, nodes[loose ? node : target].shape)
      totals[target] = target in totals && mistake !== 'overwrite' ? plus(totals[target], downstream) : downstream
      arrived[target] = reached.map((x, k) => x || !!arrived[target]?.[k])
      frame.edges.push({ source: node, argument, target, formula, upstream, local: formed(local, nodes[node].shape), downstream, total: totals[target] })
    }
  }
  return walk
}
function sweep(order, locals, totals, walk) {
  return Array.isArray(first) ? sweepArrays(order, locals, totals, walk) : sweepNumbers(order, locals, totals)
}
function sweepNumbers(order, locals, totals) {
  const unreached = new Set(), walk = []  // a branch not taken passes 0 from there on, not 0·inf
  for (const node of order) {
    if (!(node in totals)) continue
    const upstream = totals[node], frame = { phase: 'backward', node, gradient: upstream, edges: [] }
    for (const [argument, target, formula] of edges[node]) {
      const local = locals[node][argument], cut = local === false || unreached.has(node)
      const downstream = cut ? 0 : upstream * local
      if (!cut) unreached.delete(target)
      else if (!(target in totals)) unreached.add(target)
      totals[target] = target in totals && mistake !== 'overwrite' ? totals[target] + downstream : downstream
      frame.edges.push({ source: node, argument, target, formula, upstream, local: Number(local), downstream, total: totals[target] })
    }
    walk.push(frame)
  }
  return walk
}
function recursion() {
  const order = [], stack = [root]
  while (stack.length) {
    const node = stack.pop()
    order.push(node)
    stack.push(...[...new Set(edges[node].map(edge => edge[1]))].reverse())
  }
  return order.filter(node => edges[node].length)
}
function compared(walk, right) {
  const gradients = {}, arriving = {}
  let arrived = {}
  for (const frame of right) {
    gradients[frame.node] = frame.gradient
    for (const e of frame.edges) arriving[[e.source, e.argument]] = e.downstream
  }
  for (const frame of walk) {
    if (frame.node === root) arrived = {}
    if (!same(frame.gradient, gradients[frame.node])) frame.right = gradients[frame.node]
    for (const e of frame.edges) {
      const parts = arrived[e.target] ??= {}
      parts[[e.source, e.argument]] = arriving[[e.source, e.argument]]
      const total = Object.values(parts).reduce(plus)
      if (!same(e.total, total)) e.right = total
    }
  }
  return walk
}
function compute() {
  if (!live) {
    frames = walks[mistake].map(([phase, node, gradient, right, arrivals]) => ({ phase, node, gradient, right,
      edges: arrivals.map(([argument, target, upstream, local, downstream, total, right]) => ({ source: node, argument, target,
        formula: edges[node].find(edge => edge[0] === argument)[2], upstream, local, downstream, total, right })) }))
    return
  }
  const locals = COMPUTE(values)
  values.forEach((x, i) => formed(x, nodes[i].shape))
  const order = [...nodes.keys()].reverse().filter(node => edges[node].length), chosen = mistake
  mistake = ''
  const right = sweep(order, locals, { [root]: first })
  mistake = chosen
  let back = right
  if (mistake) {
    const totals = { [root]: first }
    back = []
    try {
      back = sweep(mistake === 'order' ? recursion() : order, locals, totals, back)
      if (mistake === 'zero_grad') {
        const left = Object.fromEntries(Object.entries(totals).filter(([node]) => !edges[node].length))
        back.push(...sweep(order, locals, { ...left, [root]: first }))
      }
    } catch (error) {
      if (error !== UNFIT) throw error  // the walk ends where shapes do not go together
    }
    compared(back, right)
  }
  frames = [...nodes.map((_, node) => ({ phase: 'forward', node, edges: [] })), ...back]
}
function state(count) {
  const now = { computed: new Set(), totals: {}, arrived: {}, wires: {}, wrong: {}, wrongly: new Set() }
  for (const frame of frames.slice(0, count)) {
    if (frame.phase === 'forward') { now.computed.add(frame.node); continue }
    if (frame.node === root) {  // a pass begins: leaves keep what they have
      now.wires = {}; now.arrived = { [root]: new Set() }
      now.totals = Object.fromEntries(Object.entries(now.totals).filter(([node]) => !edges[node].length))
      now.totals[root] = frame.gradient
    }
    for (const e of frame.edges) {
      if (quiz && !quiz.known(e)) continue  // not filled in yet
      now.wires[[e.source, e.argument]] = e.downstream
      now.totals[e.target] = e.total
      ;(now.arrived[e.target] ??= new Set()).add(`${e.source},${e.argument}`)
      now.wrong[e.target] = e.right
      if (differs(e)) now.wrongly.add(`${e.source},${e.argument}`)
    }
  }
  return now
}
const differs = x => x.right !== undefined && x.right !== null
function stage(node, now) {  // none, value, partial, done
  if (!now.computed.has(node)) return 'waiting'
  if (!now.arrived[node]) return 'computed'
  return now.arrived[node].size >= forks[node] ? 'done' : 'partial'
}

// ── the page ──

const plain = new Map((DATA.words ?? []).filter(([text]) => !text.includes('{')))
const holed = (DATA.words ?? []).filter(([text]) => text.includes('{')).map(([text, to]) =>  // texts with holes, as patterns
  [new RegExp(`^${text.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{(\w+)\}/g, '(?<$1>.+?)')}$`, 's'), to])
function t(text) {  // a text in the reader's language
  const core = typeof text === 'string' && (plain.size || holed.length) ? text.trim() : ''
  if (!core) return text
  let found = plain.get(core)
  for (let i = 0; found === undefined && i < holed.length; i++) {
    const holes = core.match(holed[i][0])?.groups
    if (holes) found = holed[i][1].replace(/\{(\w+)\}/g, (_, hole) => t(holes[hole]))
  }
  return found === undefined ? text : text.replace(core, () => found)
}
function h(name, kind, ...inside) {
  const made = document.createElement(name)
  if (kind) made.className = kind
  made.append(...inside.filter(x => x !== '' && x !== null && x !== undefined).map(t))
  return made
}
function translateAll() {  // what the page was written with
  for (const part of document.querySelectorAll('main, main *')) {
    for (const key of ['aria-label', 'title']) if (part.hasAttribute(key)) part.setAttribute(key, t(part.getAttribute(key)))
    for (const child of part.childNodes) if (child.nodeType === Node.TEXT_NODE) child.data = t(child.data)
  }
}
const words = (kind, said) => h('span', said.length > 20 ? `${kind} many` : kind, said), v = x => words('v', show(x)), g = x => words('g', show(x)), f = text => words('f', text)
const times = ([up, by, down]) => [words('g', up), ' × ', words('f', bracketed(by)), ' = ', words('g', down)]
const fill = (node, put) => nodes[node].text.replace(/\{(\d+)(b?)\}/g, (_, i, b) => {
  const operand = nodes[node].operands[i], text = typeof operand === 'number' ? put(operand) : operand
  return b ? bracketed(text) : text
})
const name = node => nodes[node].name
const element = id => $(`c-${id}`)
const written = new Map()
const write = (place, said) => { if (place.textContent !== said) place.textContent = said }

function put(text, said, on, bad) {
  const key = `${said}|${on}|${bad}`
  if (!text || written.get(text) === key) return
  written.set(text, key)
  const bars = said.search(/[▁-█]/), [, rest = ''] = said.match(/[▁-█]+(.*)/) ?? []
  if (bars < 0) text.textContent = said
  else {
    const small = document.createElementNS(text.namespaceURI, 'tspan')
    small.setAttribute('class', 'bars')
    small.textContent = said.slice(bars, said.length - rest.length)
    text.replaceChildren(said.slice(0, bars), small, rest)
  }
  text.classList.toggle('on', on)
  text.classList.toggle('bad', bad)
  if (text.hasAttribute('textLength')) text.removeAttribute('textLength')
  if (said.length > 6 && text.dataset.room) long.add(text)  // a shorter one fits
}
const long = new Set(), lengthOf = new Map()
function squeeze() {  // what is longer than its room; to measure takes long, and all digits are equally wide
  const lengths = new Map([...long].map(text => {
    const kind = `${text.className.baseVal} ${text.textContent.replace(/\d/g, '0')}`
    if (!lengthOf.has(kind)) lengthOf.set(kind, text.getComputedTextLength())
    return [text, lengthOf.get(kind)]
  }))
  for (const [text, length] of lengths) {
    const room = Number(text.dataset.room), words = text.textContent.split(': ')
    if (length > 1.5 * room && words.length > 1) text.textContent = words[0]  // an array's shape
    else if (length > room) {
      text.setAttribute('textLength', room)
      text.setAttribute('lengthAdjust', 'spacingAndGlyphs')
    }
  }
  long.clear()
}
const arises = node => broken(values[node]) && !nodes[node].operands.some(x => typeof x === 'number' && broken(values[x]))
const broken = x => Array.isArray(x) ? !x.every(Number.isFinite) : typeof x === 'number' && !Number.isFinite(x)

const nothing = { id: '', members: [] }
const gate = node => drawn.home.get(node) ?? nothing
const through = node => gate(node).members.length > 1 ? gate(node).members : null  // what is inside a closed gate
const known = ([node, argument]) => edges[node]?.find(edge => edge[0] === argument)

let wide = 0
const room = () => Math.max(340, Math.min(1062, ($('stage').offsetWidth - 20) / 1.05))  // a page of any width has rows that fit it
function redraw() {  // the circuit, as its scopes are open or closed
  const svg = $('stage').querySelector('svg'), { nodes: places, wires, boxes, heights } = circuit.draw(svg, DATA.circuit, closed, wide = room())
  const parts = owner => ({ drawn: owner, value: owner?.querySelector('.value'), gradient: owner?.querySelector('.gradient'), name: owner?.querySelector('.name'), flow: owner?.querySelector('.flow') })
  const inside = place => place.members.filter(i => i < nodes.length)
  drawn = { wires: new Map(), places: new Map(), home: new Map(), boxes }
  sight = null
  for (const { id, from, edges: all } of wires) {
    const source = DATA.circuit.gates[from][4].at(-1) ?? root, found = all.filter(edge => known(edge))
    drawn.wires.set(id, { ...parts(element(id)), all: found, of: found.filter(edge => known(edge)[1] === source), source, ends: !all.length, y: heights.get(id),
      formula: element(id).querySelector('.formula:empty')})
  }
  for (const place of places) {
    const members = inside(place), sum = element(`${place.id}-sum`)
    if (!members.length) { $('stage').querySelectorAll(`#c-${place.id} text`).forEach(text => text.classList.add('on')); continue }
    const entry = { id: place.id, y: heights.get(place.id), members, drawn: element(place.id), sum: sum && parts(sum), scope: place.at, result: members.at(-1) }
    if (place.at >= 0) entry.result = DATA.circuit.gates[place.result][4].at(-1)
    drawn.places.set(place.id, entry)
    for (const node of members) drawn.home.set(node, entry)
  }
  written.clear()
  prepare()
  join()
}
const SMALL = 150, REST = 150  // nodes; milliseconds after which what is out of sight follows a number that is dragged
let late = 0, sight = null  // what seen gave: to ask for it while an input moves would lay out the page twice
function seen() {  // the part of the circuit that is in sight, as far as it is longer than the window
  const stage = $('stage'), svg = stage.querySelector('svg'), scale = svg.clientHeight / svg.viewBox.baseVal.height
  return [(stage.scrollTop - 20) / scale, (stage.scrollTop + stage.clientHeight + 20) / scale]
}
function paint(now, quick) {
  const [low, high] = quick ? sight ??= seen() : [-Infinity, Infinity], hidden = ({ y }) => y < low || y > high
  const frame = frames[at - 1], sizes = [...drawn.wires.values()].map(wire => carried(wire, now))
  const leaving = new Map(), places = new Map()  // decimals with which the parts of a gradient add up to the whole
  ;[...drawn.wires.values()].forEach((wire, k) => { if (wire.of.length) leaving.set(wire.source, [...leaving.get(wire.source) ?? [], sizes[k]]) })
  for (const [source, parts] of leaving) if (parts.length > 1 && parts.every(part => typeof part === 'number')) places.set(source, addUp(parts, now.totals[source]))
  ;[...drawn.wires.values()].forEach((wire, k) => {
    if (hidden(wire)) return
    const { of, all, source, ends } = wire, gradient = sizes[k], back = gradient !== null, on = now.computed.has(source)
    if (!of.length && !ends) { wire.drawn.querySelectorAll('text').forEach(text => text.classList.add('on')); put(wire.value, DATA.circuit.constants[source] ?? '', true, false); return }
    put(wire.value, brief(values[source]), on, broken(values[source]))
    wire.name?.classList.toggle('on', on)
    put(wire.gradient, back ? brief(gradient, digits, places.get(source)) : '', back, broken(gradient))
    wire.gradient.classList.toggle('wrong', of.some(edge => now.wrongly.has(`${edge}`)))
    const inside = all.length && through(all[0][0]), upstream = inside && now.totals[gate(all[0][0]).result]
    if (wire.formula) put(wire.formula, back && typeof gradient === 'number' && upstream ? show(gradient / upstream) : '', true, false)
    flow(wire.flow, gradient)
    if (quiz) wire.drawn.classList.toggle('unknown', of.length > 0 && !back)
    const shown = !!frame && all.some(([node]) => node === frame.node || through(node)?.includes(frame.node))
      || ends && frame?.node === root && frame.phase === 'backward'
    wire.drawn.classList.toggle('now', shown)
    pulse(wire, shown && frame.phase === 'backward')
  })
  for (const { members, drawn: shape, sum, result, y } of drawn.places.values()) {
    if (hidden({ y })) continue
    const stages = members.map(node => stage(node, now))
    const shown = members.length > 1 && stages.includes('done') && stages.some(s => s !== 'done') ? 'partial' : stages.at(-1)
    for (const kind of ['waiting', 'computed', 'partial', 'done']) shape.classList.toggle(kind, kind === shown)
    shape.classList.toggle('now', !!frame && members.includes(frame.node))
    shape.classList.toggle('first', members.some(node => now.computed.has(node) && arises(node)))
    if (!sum) continue
    const on = now.computed.has(result), got = result in now.totals, part = stage(result, now) === 'partial'
    put(sum.value, brief(values[result]), on, broken(values[result]))
    flow(sum.flow, got ? now.totals[result] : null)
    sum.name?.classList.toggle('on', on)
    put(sum.gradient, got ? `Σ ${brief(now.totals[result])}${part ? ` (${now.arrived[result].size}/${forks[result]})` : ''}` : '', got, broken(now.totals[result]))
    sum.gradient.classList.toggle('wrong', now.wrong[result] !== undefined && now.wrong[result] !== null)
  }
  squeeze()
}
function carried({ of, ends }, now) {  // the gradient that comes back on a wire; null where none has arrived
  if (ends) return now.totals[root] ?? null
  return of.length && of.every(edge => edge in now.wires) ? of.map(edge => now.wires[edge]).reduce(plus) : null
}
function flow(path, gradient) {  // a stroke under the wire: the wider, the larger the gradient; dashed where it is negative
  const much = gradient === null ? 0 : size(gradient), thick = Number.isFinite(much) ? Math.min(Math.max(5.6 + 1.4 * Math.log10(much), 2.2), 7) : 7
  path.style.strokeWidth = much ? `${thick.toFixed(1)}px` : 0
  path.style.strokeDasharray = much && (Array.isArray(gradient) ? gradient.every(x => x <= 0) : gradient < 0) ? '9 4' : ''
}
function pulse(wire, back) {  // the gradient on its way from the gate back to where the value came from
  wire.moving?.remove()
  wire.moving = null
  if (!back) return
  const { flow } = wire, moving = wire.moving = flow.cloneNode()
  moving.setAttribute('class', 'pulse')
  moving.setAttribute('pathLength', 100)
  moving.style.strokeWidth = `max(4px, ${flow.style.strokeWidth})`
  moving.style.strokeDasharray = ''
  flow.after(moving)
}

function explain(now) {
  const panel = $('panel'), frame = frames[at - 1]
  if (quiz) { quiz.explain(panel, frame, at); return }
  panel.replaceChildren(...message ? [h('p', message.startsWith('!') ? 'wrongly' : '', message.replace('!', ''))] : [])
  if (!frame) {
    panel.append(h('h2', '', 'How to read this'),
      h('p', '', `This circuit computes ${name(root)} from ${leaves.map(name).slice(0, 8).join(', ')}${leaves.length > 8 ? ` and ${leaves.length - 8} more` : ''}. `
        + 'Read it from left to right: each circle is a gate that does one operation, and the number above a wire is the value on it.'),
      h('p', '', 'Then gradients travel back, from right to left, below the wires. A gradient says how much '
        + `${name(root)} would change if that number grew a little. Every gate does only one thing: it multiplies the gradient `
        + 'that comes from its right (upstream) by its own slope (local) and hands the product on to its left (downstream).'),
      h('p', '', 'Press Next, or the → key. Click a gate to run to it.'))
    return
  }
  const node = frame.node, about = nodes[node], inside = through(node)
  panel.append(h('p', 'phase', `${frame.phase} · step ${at} of ${frames.length}`))
  if (inside && at === end(at)) return scope(panel, frame, inside, now)
  if (frame.phase === 'forward') {
    const sum = h('p', 'sum', `${name(node)} = `)
    if (about.operands.length) sum.append(`${fill(node, name)} = ${fill(node, i => show(values[i]))} = `)
    sum.append(v(values[node]))
    if (arises(node)) panel.append(h('p', 'wrongly', `Here ${show(values[node])} arises: all that is computed from it is in danger.`))
    panel.append(sum, h('p', 's', !about.operands.length ? 'An input: its value is given.'
      : `The gate ${about.op} has all its inputs, and computes its value.`
        + (node === root ? ' This is the result. Next, the gradients run back.' : '')))
  } else {
    panel.append(h('p', 'sum', `${name(node)} = ${fill(node, name)}`),
      h('p', '', 'upstream gradient, arrived at ', name(node), ': ', g(frame.gradient),
        node === root && seed === 1 ? h('span', 's', '  — the result itself: it changes exactly as it changes') : ''))
    if (differs(frame))
      panel.append(h('p', 'wrongly', `Wrong: ${show(frame.gradient)} is passed on, but ${show(frame.right)} is right.`))
    const before = node === root ? {} : state(at - 1).arrived
    frame.edges.forEach((e, i) => {
      const here = frame.edges.slice(0, i + 1).filter(x => x.target === e.target).map(x => `${x.source},${x.argument}`)
      panel.append(edge(e, new Set([...before[e.target] ?? [], ...here]).size))
    })
    if (at === frames.length && !mistake) panel.append(h('p', 's', `All gradients are known. ${outlook(now)}`))
  }
  if (about.made) panel.append(h('p', 'made', about.made))
}
function outlook(now) {  // said once all gradients are there
  const moved = DATA.moved.filter(i => i in now.totals), numbers = [values[root], ...moved.map(i => now.totals[i])]
  if (!live) return ''
  if (numbers.some(broken)) return 'Some of them are nan or inf: go back to the first gate that is marked.'
  if (!moved.some(i => size(now.totals[i]))) return `Those of the inputs are 0: no small change of them changes ${name(root)}.`
  return seed === 1 ? `Update moves each input against its gradient; with small steps, ${name(root)} falls.` : ''
}
function scope(panel, frame, inside, now) {  // a collapsed gate, as if it were one operation
  const called = scopes[gate(frame.node).scope]?.[0] ?? 'Σ', last = gate(frame.node).result, own = new Set(inside)
  const outside = new Set(edges.flatMap((to, i) => own.has(i) ? [] : to.map(e => e[1])).filter(i => own.has(i)).concat(own.has(root) ? root : []))
  if (frame.phase === 'forward') {
    panel.append(...now.computed.has(last) ? [...outside].slice(0, 8).map(i => h('p', 'sum', `${name(i)} = ${called}(…) = `, v(values[i]))) : [h('p', 'sum', called)],
      h('p', 's', now.computed.has(last) ? `${inside.length} gates inside: click it to open it.`
        : `${inside.filter(i => now.computed.has(i)).length} of the ${inside.length} gates inside are computed; the others wait for inputs.`))
    return
  }
  panel.append(h('p', 'sum', `${called}, as one gate of ${inside.length}`), ...[...outside].slice(0, 8).map(i => h('p', '', 'upstream gradient, arrived at ', name(i), ': ', g(now.totals[i]))))
  const into = new Map()
  for (const node of inside) for (const [argument, target] of edges[node])
    if (!own.has(target) && [node, argument] in now.wires) into.set(target, [...into.get(target) ?? [], now.wires[[node, argument]]])
  for (const [target, parts] of [...into].slice(0, 8)) {
    const sum = parts.reduce(plus), upstream = now.totals[last], box = h('div', 'edge')
    const product = outside.size === 1 && typeof sum === 'number' && upstream ? multiplied(upstream, sum / upstream, sum) : null
    box.append(h('p', '', `to ${name(target)}, through all of ${called}:`),
      h('p', 'sum', h('span', 's', product ? 'downstream = upstream × local: ' : 'downstream: '), ...product ? times(product) : [g(sum)]))
    panel.append(box)
  }
  if (into.size > 8) panel.append(h('p', 's', `and ${into.size - 8} more inputs: their numbers are on the picture and in the table.`))
}
function edge(e, arrived) {  // arrived: contributions to its target up to this one
  const to = name(e.target), plain = show(e.local), box = h('div', 'edge')
  const formula = e.local === 0.5 ? e.formula.replace(/^(.*) [<>] (.*)$/, '½ ($1 = $2)') : e.formula  // equal ones share
  const number = formula && formula.replace('.00', '') === plain.replace(/\.0+$/, '')
  box.append(h('p', '', `to ${to}: local gradient ∂${name(e.source)}/∂${to} = `, ...number ? [] : [f(formula), plain && ' = '], f(plain)))
  const all = frames.slice(0, at).flatMap(frame => frame.edges.filter(x => x.target === e.target && typeof x.downstream === 'number')).map(x => x.downstream)
  const places = all.length > 1 ? addUp(all, all.reduce(plus)) : 0
  if (plain) box.append(h('p', 'sum', h('span', 's', 'downstream = upstream × local: '), ...typeof e.local === 'number' && typeof e.upstream === 'number'
    ? times(multiplied(e.upstream, e.local, e.downstream, places)) : [g(e.upstream), ' × ', f(bracketed(plain)), ' = ', g(e.downstream)]))
  else box.append(h('p', 'sum', h('span', 's', 'downstream: '), g(e.downstream)))
  const line = h('p', '', h('b', '', to), ' collects ', words('g', show(e.downstream, digits, places)))
  if (forks[e.target] > 1) {
    line.append(t(', in all '), g(e.total), h('span', 's', ` (used ${forks[e.target]} times: ${arrived < forks[e.target] ? 'more to come' : 'that is all'})`))
  } else if (!differs(e)) line.append(h('span', 's', ': its gradient is complete'))
  box.append(line)
  if (differs(e))
    box.append(h('p', 'wrongly', `Wrong: ${to} now has ${show(e.total)}; right would be ${show(e.right)}.`))
  else if (broken(e.downstream) && !broken(e.upstream)) box.append(h('p', 'wrongly', `Here ${show(e.downstream)} arises: what came from above was finite.`))
  else if (seed === 1 && Number.isFinite(e.total) && arrived >= forks[e.target])
    box.append(h('p', 's', `If ${to} grew by 0.01, ${name(root)} would change by about ${show(0.01 * e.total, 2)}.`))
  return box
}

function render(quick = false) {
  const now = state(at)
  clearTimeout(late)
  paint(now, quick && nodes.length > SMALL)
  if (quick) late = setTimeout(render, REST)
  explain(now)
  const frame = frames[at - 1]
  $('slider').max = frames.length
  $('slider').value = at
  $('slider').setAttribute('aria-valuetext', t(frame ? `step ${at} of ${frames.length}: ${frame.phase}, ${name(frame.node)}` : 'before the first step'))
  $('where').textContent = `${at} / ${frames.length}` + (frame ? ` ${t(frame.phase)}` : '')
  for (const [id, off] of [['first', at === 0], ['previous', at === 0], ['next', at === frames.length], ['last', at === frames.length]])
    $(id).classList.toggle('idle', off)  // not disabled: it would lose the focus
  for (const [i, cells] of table) {
    const part = stage(i, now)
    write(cells.value, now.computed.has(i) ? show(values[i]) : '–')
    write(cells.gradient, i in now.totals ? show(now.totals[i]) : '–')
    write(cells.stage, t(now.wrong[i] !== undefined && now.wrong[i] !== null ? `wrong: right is ${show(now.wrong[i])}`
      : part === 'partial' ? `${now.arrived[i].size} of ${forks[i]} contributions`
        : { waiting: 'not computed yet', computed: 'gradient not computed yet', done: 'complete' }[part]))
  }
  for (const [i, row] of controls) row.tell(now.totals[i])
  quiz?.tell(at)
}
function go(to) {
  at = Math.max(0, Math.min(quiz ? quiz.limit() : frames.length, to))
  message = ''
  render()
  const frame = frames[at - 1]
  const stage = $('stage'), place = frame && gate(frame.node).drawn
  if (!place) return
  const box = place.getBoundingClientRect(), view = stage.getBoundingClientRect()
  const fast = performance.now() - went < 400  // a way that is still going would be left behind
  const behavior = fast || matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth'
  went = performance.now()
  stage.scrollTo({ left: stage.scrollLeft + box.x + box.width / 2 - view.x - view.width / 2,
    top: stage.scrollTop + box.y + box.height / 2 - view.y - view.height / 2, behavior })
}
function join() {  // a collapsed gate is one step: those inside it, and inputs between them, are passed
  let inside = null, last = 0
  passed = new Set()
  frames.forEach(({ phase, node }, i) => {
    const members = through(node)
    if (members && members === inside && phase === frames[last].phase) while (last < i) passed.add(++last)
    if (members || edges[node].length) [inside, last] = [members, i]
  })
}
function end(to) {
  while (passed.has(to)) to++
  return to
}
function before(to) {
  do to--; while (passed.has(to))
  return to
}
function run(members) {  // to the next step that has to do with it, from the start again after the last
  const about = frames.map((frame, i) => members.includes(frame.node) || frame.edges.some(e => members.includes(e.target) && !edges[e.target].length) ? i + 1 : 0).filter(Boolean)
  if (about.length) go(end(about.find(i => i > at) ?? about[0]))
}
function play(on = !timer && !quiz) {
  clearTimeout(timer)
  timer = 0
  const next = () => {
    if (at === frames.length) { play(false); return }
    go(end(at + 1))
    timer = setTimeout(next, frames[at - 1].phase === 'forward' ? 350 : 1300)
  }
  if (on) {
    if (at === frames.length) go(nodes.length)  // all values are there, and the gradient travels back
    timer = setTimeout(next, 350)
  }
  $('stage').classList.toggle('paused', !on)
  $('play').textContent = t(timer ? 'Pause' : 'Play')
  $('play').setAttribute('aria-label', t(timer ? 'pause' : 'play'))
}
function again(quick) {
  const last = at === frames.length
  compute()
  join()
  at = last ? frames.length : Math.min(at, frames.length)
  render(quick === true)
}
const shuttable = scopes.map((_, i) => i).filter(() => !DATA.circuit.fixed)
function toggle(change, focus) {  // scopes open or close, and the circuit is laid out anew; the step stays
  change(closed)
  redraw()
  $('collapse').checked = shuttable.every(i => closed.has(i))
  $('collapse').indeterminate = !$('collapse').checked && closed.size > 0
  go(at)
  element(focus)?.querySelector('[role=button]')?.focus()
  if (element(focus)?.matches('[role=button]')) element(focus).focus()
}

// ── inputs that can be changed ──

const controls = new Map(), table = new Map()

function number(value, label, change) {
  const box = h('input')
  Object.assign(box, { type: 'number', step: 'any', value: Number(value.toPrecision(4)) })
  box.setAttribute('aria-label', t(label))
  box.addEventListener('input', () => {
    const fine = box.value.trim() !== '' && Number.isFinite(box.valueAsNumber)
    box.setAttribute('aria-invalid', !fine)
    if (fine) change(box.valueAsNumber)
  })
  return box
}
function tabled(...heads) {
  const row = h('tr')
  heads.forEach(text => { const head = h('th', '', text); head.scope = 'col'; row.append(head) })
  return h('table', '', h('thead', '', row))
}
function entryName(i, k) {  // of an entry in row order: w[1,0]
  const at = []
  for (const n of [...values[i].shape].reverse()) { at.unshift(k % n); k = Math.floor(k / n) }
  return `${name(i)}[${at}]`
}
function inputs() {
  const box = $('inputs'), made = h('tbody')
  box.append(h('h2', '', live ? 'Inputs: change them, and every number follows' : 'Inputs'))
  if (!live) box.append(h('p', 's', `Here they cannot be changed: ${DATA.why}`))
  const grid = tabled('name', ...live ? ['slide', 'value'] : ['value'], 'gradient', ...live ? ['moves'] : [])
  for (const i of leaves) {
    const gradient = h('td', 'g'), row = { gradient }
    controls.set(i, row)
    row.tell = total => write(gradient, total === undefined ? '–' : show(total))
    if (!live) { made.append(h('tr', '', h('td', '', h('b', '', name(i))), h('td', 'v', show(values[i])), gradient)); continue }
    const many = Array.isArray(values[i]) && values[i].shape.length > 0, entries = [values[i]].flat(), called = k => many ? entryName(i, k) : name(i)
    const reach = Math.max(5, 2 * Math.max(...entries.map(Math.abs)))
    let chosen = 0  // the entry that the slider moves
    const enter = (k, value, from) => {
      if (Array.isArray(values[i])) values[i][k] = value
      else values[i] = value
      if (from !== row.slide && k === chosen) row.slide.value = value
      if (from !== row.boxes[k]) { row.boxes[k].value = Number(value.toPrecision(4)); row.boxes[k].setAttribute('aria-invalid', false) }
    }
    row.enter = enter
    row.set = value => [value].flat().forEach((x, k) => enter(k, x))
    row.slide = h('input')
    Object.assign(row.slide, { type: 'range', min: -reach, max: reach, step: reach / 500, value: entries[0] })
    row.slide.setAttribute('aria-label', t(`${called(0)}, by sliding`))
    row.slide.addEventListener('input', () => { enter(chosen, row.slide.valueAsNumber, row.slide); again(true) })
    row.boxes = entries.map((entry, k) => number(entry, called(k), value => { enter(k, value, row.boxes[k]); again() }))
    const slopes = many ? entries.map(() => h('div', 'g')) : [gradient]
    row.tell = total => slopes.forEach((slope, k) => write(slope, total === undefined ? '–' : show(many ? total[k] : total)))
    const cells = many ? h('div', 'cells', ...row.boxes.map((box, k) => h('div', '', box, slopes[k]))) : row.boxes[0]
    if (many) {
      cells.style.gridTemplateColumns = `repeat(${values[i].shape.at(-1)}, auto)`
      row.boxes.forEach((box, k) => {
        box.addEventListener('focus', () => {
          row.boxes[chosen].classList.remove('chosen')
          chosen = k
          box.classList.add('chosen')
          row.slide.value = values[i][k]
          row.slide.setAttribute('aria-label', t(`${called(k)}, by sliding`))
        })
        dragged(box, () => values[i][k], value => { enter(k, value); again(true) }, reach)
      })
      row.boxes[0].classList.add('chosen')
    }
    row.moves = h('input')
    Object.assign(row.moves, { type: 'checkbox', checked: DATA.moved.includes(i) })
    row.moves.setAttribute('aria-label', t(`Update moves ${name(i)}`))
    made.append(h('tr', '', h('td', '', h('b', '', name(i))), h('td', '', row.slide), h('td', '', cells), gradient, h('td', '', row.moves)))
  }
  grid.append(made)
  const rows = h('div', 'rows', grid)
  rows.tabIndex = 0  // it may scroll
  rows.setAttribute('role', 'region')
  rows.setAttribute('aria-label', t('values of the inputs'))
  box.append(rows)
  if (!live) return
  let rate = 0.1
  const update = h('button', 'main', 'Update'), reset = h('button', '', 'Reset')
  const label = h('label', '', 'learning rate ', number(rate, 'learning rate', value => { rate = value }))
  box.append(h('div', 'learn', label, update, reset), h('p', 's', 'Update: each input that moves ← input − learning rate × gradient.'))
  const curve = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
  curve.id = 'history'
  curve.setAttribute('role', 'img')
  box.append(curve)
  update.addEventListener('click', () => {
    const { totals } = state(frames.length), before = values[root], said = []
    const next = (x, slope) => Array.isArray(x) ? x.map((y, k) => y - rate * slope[k]) : x - rate * slope
    const moving = [...controls].filter(([i, row]) => row.moves.checked && i in totals)
    const wild = moving.find(([i]) => broken(next(values[i], totals[i])))
    if (wild) {
      message = `!Nothing is updated: the gradient of ${name(wild[0])} is ${show(totals[wild[0]])}, and a step along it leads nowhere. Reset begins anew.`
      render()
      return
    }
    const much = x => Number(Array.isArray(x) ? x[0] : x), result = much(before)
    if (!history.length) history = [result]
    for (const [i, row] of moving) {
      const old = show(values[i])
      row.set(next(values[i], totals[i]))
      said.push(`${name(i)} ← ${old} − ${show(rate)} × ${bracketed(show(totals[i]))} = ${show(values[i])}`)
    }
    again()
    history.push(much(values[root]))
    message = `Update ${history.length - 1}: ${name(root)} was ${show(result, 4)}, now ${show(much(values[root]), 4)}. ${said.slice(0, 6).join('; ')}`
    draw()
    render()
  })
  reset.addEventListener('click', () => {
    for (const [i, row] of controls) row.set(DATA.values[i])
    history = []
    message = ''
    draw()
    again()
  })
  function draw() {
    const good = history.filter(Number.isFinite), low = Math.min(...good), high = Math.max(...good), wide = 400
    const points = history.map((y, k) => [6 + k * (wide - 12) / Math.max(history.length - 1, 10), 56 - 48 * (high > low ? (y - low) / (high - low) : 1)])
      .filter(([, y]) => Number.isFinite(y))
    curve.setAttribute('viewBox', `0 0 ${wide} 64`)
    curve.setAttribute('aria-label', t(history.length ? `${name(root)} after each update: ${history.slice(-10).map(y => show(y)).join(', ')}` : 'no update yet'))
    const svg = (kind, given) => {
      const made = document.createElementNS('http://www.w3.org/2000/svg', kind)
      Object.entries(given).forEach(([key, value]) => made.setAttribute(key, value))
      return made
    }
    curve.replaceChildren(...points.length ? [svg('path', { d: 'M' + points.join('L') }), ...points.map(([cx, cy]) => svg('circle', { cx, cy, r: 3 }))] : [])
    curve.style.display = history.length ? '' : 'none'
  }
  draw()
}

function wrong() {
  const box = $('mistakes').querySelector('div'), list = h('fieldset', '', h('legend', '', 'Make a classic mistake, and see the first number that goes wrong'))
  const said = h('p', ''), show_it = h('button', '', 'Show where it goes wrong')
  for (const [key, text] of [['', 'none: the right way'], ...Object.entries(mistakes)]) {
    const choice = h('input')
    Object.assign(choice, { type: 'radio', name: 'mistake', value: key, checked: !key })
    choice.addEventListener('change', () => { mistake = key; again(); tell() })
    list.append(h('label', '', choice, ` ${t(text)}`))
  }
  const first = () => frames.findIndex(frame => [frame, ...frame.edges].some(differs)) + 1
  function tell() {
    const where = first()
    show_it.hidden = !where
    said.textContent = t(!mistake ? '' : where ? `The first wrong number comes at step ${where} of ${frames.length}.`
      : 'In this circuit it makes no difference, which is why it is so easily overlooked: it does where a value is used more than once.')
  }
  show_it.addEventListener('click', () => { go(first()); $('panel').scrollIntoView({ block: 'nearest' }) })
  show_it.hidden = true
  box.append(list, said, show_it)
}

function all() {
  const grid = tabled('run to', 'operation', 'value', 'gradient', 'state'), made = h('tbody')
  nodes.forEach((about, i) => {
    const button = h('button', '', name(i)), cells = { value: h('td', 'v'), gradient: h('td', 'g'), stage: h('td') }
    button.addEventListener('click', () => run([i]))
    table.set(i, cells)
    made.append(h('tr', '', h('td', '', button), h('td', '', about.operands.length ? fill(i, name) : 'input'), cells.value, cells.gradient, cells.stage))
  })
  grid.append(made)
  $('all').querySelector('div').append(grid)
}

// ── on the circuit itself: pointer and keys ──

function above(members) {  // these nodes, and all that they are computed from
  const found = new Set(members), todo = [...members]
  while (todo.length) for (const [, target] of edges[todo.pop()]) if (!found.has(target)) { found.add(target); todo.push(target) }
  return found
}
function told({ upstream, local, downstream }) {
  const [up, by, down] = typeof local === 'number' && typeof upstream === 'number' ? multiplied(upstream, local, downstream) : [upstream, local, downstream].map(x => show(x))
  return `${up} × ${bracketed(by)} = ${down}`
}
function product(of, now) {  // of a wire: upstream × local = downstream, as far as it is known
  const back = of.length > 0 && of.every(edge => edge in now.wires)
  if (!back) return ''
  const sum = of.map(edge => now.wires[edge]).reduce(plus)
  const found = of.length === 1 && frames.slice(0, at).findLast(frame => frame.node === of[0][0] && frame.phase === 'backward')
  const e = found && found.edges.find(e => e.argument === of[0][1])
  return t(e && show(e.local) ? `gradient ${told(e)}` : `gradient ${show(sum)}`)
}
function wordsOf(id) {
  const now = state(at), wire = drawn.wires.get(id)
  if (wire) return wire.of.length || wire.ends ? [now.computed.has(wire.source) && `${name(wire.source)} = ${show(values[wire.source])}`,
    wire.ends ? root in now.totals && t(`gradient ${show(now.totals[root])}`) : product(wire.of, now)].filter(Boolean).join('\n') : ''
  const { members, scope, result } = drawn.places.get(id), value = now.computed.has(result) ? ` = ${show(values[result])}` : ''
  const said = members.length > 1 ? name(result) : nodes[result].operands.length ? `${name(result)} = ${fill(result, name)}` : name(result)
  const much = result in now.totals ? `\n${t(`gradient ${show(now.totals[result])}`)}` : ''
  return `${scope < 0 ? '' : `${t(contents(scope))}\n`}${said}${value}${much}`
}
function contents(scope) {  // what a closed scope holds
  const within = i => i >= 0 && (i === scope || within(scopes[i][1])), own = new Set(), outside = new Set()
  for (const [, kind, , , members, at] of DATA.circuit.gates) if (kind === 'gate') for (const i of members) (within(at) ? own : outside).add(i)
  const inputs = new Set([...own].flatMap(i => edges[i].map(edge => edge[1])).filter(i => !edges[i].length))
  for (const i of outside) for (const [, target] of edges[i] ?? []) inputs.delete(target)
  return `${scopes[scope][0]}: ${own.size} gate${own.size === 1 ? '' : 's'}${inputs.size ? `, ${inputs.size} input${inputs.size === 1 ? '' : 's'} of its own` : ''}`
}
function light(id, x, y) {  // what lies above the gate or wire under the pointer; nothing for no id
  const box = $('hover'), said = id ? wordsOf(id) : '', place = drawn.places.get(id)
  const from = !id ? [] : place?.members ?? drawn.wires.get(id).all.map(edge => edge[0]), set = above(from)
  $('stage').classList.toggle('hovering', id !== '')
  for (const [other, { drawn: owner, all }] of drawn.wires)
    owner.classList.toggle('lit', id === other || all.some(([node]) => set.has(node)) && (place !== undefined || id !== '' && all.every(([node]) => !from.includes(node))))
  for (const { drawn: owner, members } of drawn.places.values()) owner.classList.toggle('lit', id !== '' && members.some(i => set.has(i)))
  box.hidden = !said
  write(box, said)
  box.style.left = 0  // where it is as wide as it likes to be
  box.style.left = `${Math.max(4, Math.min(x + 14, innerWidth - box.offsetWidth - 8))}px`
  box.style.top = `${y + 18 + box.offsetHeight > innerHeight ? y - box.offsetHeight - 10 : y + 18}px`
}
function under(target) {  // the id of the gate or wire that an element of the picture is in
  const id = target.closest?.('#stage .node, #stage .wire')?.id.replace(/^c-/, '').replace(/-sum$/, '') ?? ''
  return drawn.wires.has(id) || drawn.places.has(id) ? id : ''
}
$('stage').addEventListener('pointerover', event => light(under(event.target), event.clientX, event.clientY))
$('stage').addEventListener('pointerleave', () => light('', 0, 0))
$('stage').addEventListener('focusin', event => {
  const box = event.target.getBoundingClientRect()
  light(under(event.target), box.right, box.bottom - 18)
})
$('stage').addEventListener('focusout', () => light('', 0, 0))

function button(part, label, act) {  // a part of the picture that can be pressed
  part.setAttribute('tabindex', 0)
  part.setAttribute('role', 'button')
  part.setAttribute('aria-label', t(label))
  part.addEventListener('click', event => { event.stopPropagation(); act() })
  part.addEventListener('keydown', event => {
    if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); event.stopPropagation(); act() }
  })
}
function dragged(part, value, change, reach) {  // a number that is dragged: to the right is more
  part.classList.add('drag')
  part.addEventListener('pointerdown', event => {
    const from = event.clientX, began = value()
    part.setPointerCapture(event.pointerId)
    part.onpointermove = move => { if (Math.abs(move.clientX - from) > 2) change(began + reach / 250 * Math.round(move.clientX - from)) }
    if (!part.matches('input')) event.preventDefault()
  })
  part.addEventListener('lostpointercapture', () => { part.onpointermove = null })
}
function drags(text, i) {
  if (text && live && typeof values[i] === 'number')
    dragged(text, () => values[i], value => { controls.get(i).set(value); again(true) }, Math.max(5, 2 * Math.abs(values[i])))
}
function prepare() {
  for (const { id, members, scope, result, drawn: shape, sum } of drawn.places.values()) {
    const said = nodes[result].operands.length ? `${name(result)} = ${members.length > 1 ? 'Σ' : fill(result, name)}` : name(result)
    if (scope < 0) button(shape, `${said}: run to it`, () => run(members))
    else if (DATA.circuit.fixed) button(shape, `${scopes[scope][0]}: run to it`, () => run(members))
    else button(shape, `${contents(scope)}: open it`, () => toggle(set => set.delete(scope), `s${scope}`))
    if (leaves.includes(result)) drags(sum?.value, result)
    if (DATA.circuit.fixed) shape.querySelector('.open')?.remove()
  }
  for (const { drawn: owner, source, value } of drawn.wires.values()) if (leaves.includes(source)) drags(value, source)
  for (const { id, text } of drawn.boxes) {
    const title = element(id)?.querySelector('text'), i = Number(id.slice(1))
    if (title && !quiz) button(title, `${text}: close it`, () => toggle(set => set.add(i), id))
  }
}

// ── the colours of the page around it ──

function theme() {
  let dark = matchMedia('(prefers-color-scheme: dark)').matches
  try {
    for (let around = window.frameElement; around; around = around.parentElement) {
      const said = around.dataset.jpThemeLight, [r, g, b, a = 1] = getComputedStyle(around).backgroundColor.match(/[\d.]+/g).map(Number)
      if (said === undefined && !a) continue
      dark = said ? said === 'false' : .2126 * r + .7152 * g + .0722 * b < 128
      break
    }
  } catch { /* a frame of another origin tells nothing */ }
  document.documentElement.className = dark ? 'dark' : 'light'
}

// ── and go ──

const quiz = DATA.quiz ? quizOf({ $, h, name, show, fill, nodes, edges, forks, values, root, digits, unit, rounded, render, frames: () => frames, quiz: DATA.quiz }) : null

theme()
translateAll()
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', theme)
$('collapsing').hidden = !shuttable.length
$('collapse').addEventListener('change', () => toggle(set => shuttable.forEach(i => $('collapse').checked ? set.add(i) : set.delete(i)), ''))
inputs()
wrong()
all()
const moves = { first: () => 0, previous: () => before(at), next: () => end(at + 1), last: () => frames.length }
for (const id of Object.keys(moves)) $(id).addEventListener('click', () => { play(false); go(moves[id]()) })
$('play').addEventListener('click', () => play())
$('slider').addEventListener('input', () => { play(false); go($('slider').valueAsNumber) })
document.addEventListener('keydown', event => {
  const on = event.target.closest('input, button, select, summary')
  const key = { ArrowRight: 'next', ArrowLeft: 'previous', Home: 'first', End: 'last' }[event.key]
  if (event.altKey || event.ctrlKey || event.metaKey || on?.matches('input:not([type=checkbox])')) return
  if (key) { event.preventDefault(); play(false); go(moves[key]()) }
  if (event.key === ' ' && !on) { event.preventDefault(); play() }
})
compute()
at = quiz ? quiz.limit() : frames.length  // so that every number is there, and follows as inputs change
toggle(() => {}, '')
new ResizeObserver(() => { sight = null; if (Math.abs(room() - wide) > 24) toggle(() => {}, '') }).observe($('stage'))
$('stage').addEventListener('scroll', () => { sight = null })
try {  // in a notebook: as tall as the page is, in the colours around it, and in place of the still picture
  if (window.frameElement) {
    new ResizeObserver(() => { window.frameElement.style.height = `${Math.ceil(document.body.offsetHeight)}px` }).observe(document.body)
    const watch = new MutationObserver(theme), options = { attributes: true, attributeFilter: ['class', 'style', 'data-jp-theme-light', 'data-theme'] }
    for (const part of [parent.document.documentElement, parent.document.body]) watch.observe(part, options)
    const still = window.frameElement.previousElementSibling
    if (still?.matches('.chainrule-still')) still.hidden = true
  }
} catch { /* a frame of another origin is left alone */ }
})()
