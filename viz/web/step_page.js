(() => {
'use strict'
const { digits, nodes, edges, pictures, leaves, walks, mistakes, root, seed } = DATA
const $ = id => document.getElementById(id)
const live = COMPUTE !== null
const values = DATA.values.slice()
const forks = nodes.map(() => 0)  // how many contributions each node waits for
edges.flat().forEach(([, target]) => forks[target]++)
let frames = [], passed = new Set(), at = 0, mistake = '', picture = 0, timer = 0, message = '', history = [], went = 0

// ── numbers, as Python's pictures show them ──

function digitsOf(x, method, n) {  // ties to even, as Python has it; JavaScript rounds them up
  const more = Math.min(n + 40, 100), [long, power] = x[method](more).split('e')
  const head = long.slice(0, long.length - more + n), even = '02468'.includes(head.replace('.', '').slice(-1))
  return even && /^50*$/.test(long.slice(long.length - more + n)) ? [head.replace(/\.$/, ''), power] : x[method](n).split('e')
}
function show(x, d = digits) {
  if (x === null || x === undefined) return ''
  if (typeof x === 'string') return x
  if (!Number.isFinite(x)) return x > 0 ? 'inf' : x < 0 ? '−inf' : 'nan'
  const auto = d === 'auto', n = auto ? 2 : d
  if (x === 0) return (0).toFixed(auto ? 2 : d - 1)
  let [text, power] = digitsOf(x, 'toExponential', n - 1)
  if (power > -4 && power < 6) [text] = digitsOf(x, 'toFixed', Math.max(n - 1 - power, auto ? 2 : 0))
  else {
    if (auto && power > 0) [text, power] = digitsOf(x, 'toExponential', 2)
    text += `·10${String(Number(power)).replace(/./g, c => c === '-' ? '⁻' : '⁰¹²³⁴⁵⁶⁷⁸⁹'[c])}`
  }
  return text.replaceAll('-', '−')
}
const bracketed = text => text.startsWith('−') ? `(${text})` : text
const same = (x, right) => x === right || Math.abs(x - right) <= 1e-9 * Math.abs(right) || x !== x && right !== right

// ── the walk: forward, then backward; right, or with a mistake ──

function sweep(order, locals, totals) {
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
      const total = Object.values(parts).reduce((x, y) => x + y)
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
  const locals = COMPUTE(values), order = [...nodes.keys()].reverse().filter(node => edges[node].length), chosen = mistake
  mistake = ''
  const right = sweep(order, locals, { [root]: seed })
  mistake = chosen
  let back = right
  if (mistake) {
    const totals = { [root]: seed }
    back = sweep(mistake === 'order' ? recursion() : order, locals, totals)
    if (mistake === 'zero_grad') {
      const left = Object.fromEntries(Object.entries(totals).filter(([node]) => !edges[node].length))
      back.push(...sweep(order, locals, { ...left, [root]: seed }))
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

function h(name, kind, ...inside) {
  const made = document.createElement(name)
  if (kind) made.className = kind
  made.append(...inside.filter(x => x !== '' && x !== null && x !== undefined))
  return made
}
const v = x => h('span', 'v', show(x)), g = x => h('span', 'g', show(x)), f = text => h('span', 'f', text)
const fill = (node, put) => nodes[node].text.replace(/\{(\d+)(b?)\}/g, (_, i, b) => {
  const operand = nodes[node].operands[i], text = typeof operand === 'number' ? put(operand) : operand
  return b ? bracketed(text) : text
})
const name = node => nodes[node].name
const element = (id, p) => $(`p${p}-${id}`)
const rooms = new Map(), written = new Map()
const write = (place, said) => { if (place.textContent !== said) place.textContent = said }

function put(text, said, on, bad) {
  if (!text || written.get(text) === `${said}|${on}|${bad}`) return  // to measure a text takes long
  written.set(text, `${said}|${on}|${bad}`)
  text.textContent = said
  text.classList.toggle('on', on)
  text.classList.toggle('bad', bad)
  const room = rooms.get(text)
  text.removeAttribute('textLength')
  if (room && text.getComputedTextLength() > 1.5 * room && said.includes(': ')) text.textContent = said.split(': ')[0]  // an array's shape
  if (room && text.getComputedTextLength() > room) {
    text.setAttribute('textLength', room)
    text.setAttribute('lengthAdjust', 'spacingAndGlyphs')
  }
}
const arises = node => broken(values[node]) && !nodes[node].operands.some(x => typeof x === 'number' && broken(values[x]))
const broken = x => typeof x === 'number' && !Number.isFinite(x)

const gates = pictures.map(({ nodes: places }) => new Map(Object.entries(places).flatMap(place => place[1].map(node => [node, place]))))
const gate = node => gates[picture].get(node) ?? ['', []]
const through = node => gate(node)[1].length > 1 ? gate(node)[1] : null  // what is inside a collapsed gate

function paint(now) {
  const frame = frames[at - 1], { wires, nodes: places, single } = pictures[picture]
  for (const [id, of] of Object.entries(wires)) {
    const drawn = element(id, picture)
    if (!drawn) continue
    const found = of.map(([node, argument]) => edges[node].find(edge => edge[0] === argument)).filter(Boolean)
    if (of.length && !found.length) { drawn.querySelectorAll('text').forEach(text => text.classList.add('on')); continue }
    const source = of.length ? found[0][1] : root, on = now.computed.has(source)
    const back = of.length ? of.every(edge => edge in now.wires) : root in now.totals
    const gradient = !back ? '' : of.length ? of.map(edge => now.wires[edge]).reduce((x, y) => x + y) : now.totals[root]
    put(drawn.querySelector('.value'), show(values[source]), on, broken(values[source]))
    drawn.querySelector('.name')?.classList.toggle('on', on)
    const text = drawn.querySelector('.gradient')
    put(text, show(gradient), back, broken(gradient))
    text?.classList.toggle('wrong', of.some(edge => now.wrongly.has(`${edge}`)))
    const inside = of.length && through(of[0][0]), local = inside && drawn.querySelector('.formula')
    if (local) put(local, back && typeof gradient === 'number' && now.totals[inside.at(-1)] ? show(gradient / now.totals[inside.at(-1)]) : '', true, false)
    const shown = !!frame && of.some(([node]) => node === frame.node || through(node)?.includes(frame.node)) && (frame.phase === 'forward' || found.length > 0)
      || !of.length && frame?.node === root && frame.phase === 'backward'
    drawn.classList.toggle('now', shown)
    drawn.classList.toggle('back', shown && frame.phase === 'backward')
  }
  for (const [id, members] of Object.entries(places)) {
    const drawn = element(id, picture)
    const stages = members.map(node => stage(node, now)), last = members.at(-1)
    const shown = members.length > 1 && stages.includes('done') && stages.some(s => s !== 'done') ? 'partial' : stages.at(-1)
    for (const kind of ['waiting', 'computed', 'partial', 'done']) drawn.classList.toggle(kind, kind === shown)
    drawn.classList.toggle('now', !!frame && members.includes(frame.node))
    drawn.classList.toggle('first', members.some(node => now.computed.has(node) && arises(node)))
    drawn.classList.remove('after')
    const sum = element(`${id}-sum`, picture)
    if (sum && single.includes(id)) {
      const on = now.computed.has(last), got = last in now.totals, part = stages.at(-1) === 'partial'
      put(sum.querySelector('.value'), show(values[last]), on, broken(values[last]))
      sum.querySelector('.name')?.classList.toggle('on', on)
      const gradient = sum.querySelector('.gradient')
      const much = part ? ` (${now.arrived[last].size}/${forks[last]})` : ''
      put(gradient, got ? `Σ ${show(now.totals[last])}${much}` : '', got, broken(now.totals[last]))
      gradient?.classList.toggle('wrong', now.wrong[last] !== undefined && now.wrong[last] !== null)
    }
  }
}

function explain(now) {
  const panel = $('panel'), frame = frames[at - 1]
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
        node === root ? h('span', 's', '  — the result itself: it changes exactly as it changes') : ''))
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
  if (!numbers.every(Number.isFinite)) return 'Some of them are nan or inf: go back to the first gate that is marked.'
  if (!moved.some(i => now.totals[i])) return `Those of the inputs are 0: no small change of them changes ${name(root)}.`
  return `Update moves each input against its gradient; with small steps, ${name(root)} falls.`
}
function scope(panel, frame, inside, now) {  // a collapsed gate, as if it were one operation
  const called = pictures[picture].scopes[gate(frame.node)[0]], last = inside.at(-1), own = new Set(inside)
  const outside = new Set(edges.flatMap((to, i) => own.has(i) ? [] : to.map(e => e[1])).filter(i => own.has(i)).concat(own.has(root) ? root : []))
  if (frame.phase === 'forward') {
    panel.append(...now.computed.has(last) ? [...outside].slice(0, 8).map(i => h('p', 'sum', `${name(i)} = ${called}(…) = `, v(values[i]))) : [h('p', 'sum', called)],
      h('p', 's', now.computed.has(last) ? `${inside.length} gates inside: open the scopes to see them.`
        : `${inside.filter(i => now.computed.has(i)).length} of the ${inside.length} gates inside are computed; the others wait for inputs.`))
    return
  }
  panel.append(h('p', 'sum', `${called}, as one gate of ${inside.length}`), ...[...outside].slice(0, 8).map(i => h('p', '', 'upstream gradient, arrived at ', name(i), ': ', g(now.totals[i]))))
  const into = new Map()
  for (const node of inside) for (const [argument, target] of edges[node])
    if (!own.has(target) && [node, argument] in now.wires) into.set(target, [...into.get(target) ?? [], now.wires[[node, argument]]])
  for (const [target, parts] of [...into].slice(0, 8)) {
    const sum = parts.reduce((x, y) => x + y), upstream = now.totals[last], box = h('div', 'edge')
    const product = outside.size === 1 && typeof sum === 'number' && upstream ? [g(upstream), ' × ', f(bracketed(show(sum / upstream))), ' = '] : []
    box.append(h('p', '', `to ${name(target)}, through all of ${called}:`),
      h('p', 'sum', h('span', 's', product.length ? 'downstream = upstream × local: ' : 'downstream: '), ...product, g(sum)))
    panel.append(box)
  }
  if (into.size > 8) panel.append(h('p', 's', `and ${into.size - 8} more inputs: their numbers are on the picture and in the table.`))
}
function edge(e, arrived) {  // arrived: contributions to its target up to this one
  const to = name(e.target), plain = show(e.local), box = h('div', 'edge')
  const formula = e.local === 0.5 ? e.formula.replace(/^(.*) [<>] (.*)$/, '½ ($1 = $2)') : e.formula  // equal ones share
  const number = formula && formula.replace('.00', '') === plain.replace(/\.0+$/, '')
  box.append(h('p', '', `to ${to}: local gradient ∂${name(e.source)}/∂${to} = `, ...number ? [] : [f(formula), plain && ' = '], f(plain)))
  if (plain) box.append(h('p', 'sum', h('span', 's', 'downstream = upstream × local: '), g(e.upstream), ' × ', f(bracketed(plain)), ' = ', g(e.downstream)))
  else box.append(h('p', 'sum', h('span', 's', 'downstream: '), g(e.downstream)))
  const line = h('p', '', h('b', '', to), ' collects ', g(e.downstream))
  if (forks[e.target] > 1) {
    line.append(', in all ', g(e.total), h('span', 's', ` (used ${forks[e.target]} times: ${arrived < forks[e.target] ? 'more to come' : 'that is all'})`))
  } else if (!differs(e)) line.append(h('span', 's', ': its gradient is complete'))
  box.append(line)
  if (differs(e))
    box.append(h('p', 'wrongly', `Wrong: ${to} now has ${show(e.total)}; right would be ${show(e.right)}.`))
  else if (broken(e.downstream) && !broken(e.upstream)) box.append(h('p', 'wrongly', `Here ${show(e.downstream)} arises: what came from above was finite.`))
  else if (seed === 1 && Number.isFinite(e.total) && arrived >= forks[e.target])
    box.append(h('p', 's', `If ${to} grew by 0.01, ${name(root)} would change by about ${show(0.01 * e.total, 2)}.`))
  return box
}

function render() {
  const now = state(at)
  paint(now)
  explain(now)
  const frame = frames[at - 1]
  $('slider').max = frames.length
  $('slider').value = at
  $('slider').setAttribute('aria-valuetext', frame ? `step ${at} of ${frames.length}: ${frame.phase}, ${name(frame.node)}` : 'before the first step')
  $('where').textContent = `${at} / ${frames.length}` + (frame ? ` ${frame.phase}` : '')
  for (const [id, off] of [['first', at === 0], ['previous', at === 0], ['next', at === frames.length], ['last', at === frames.length]])
    $(id).classList.toggle('idle', off)  // not disabled: it would lose the focus
  for (const [i, cells] of table) {
    const part = stage(i, now)
    write(cells.value, now.computed.has(i) ? show(values[i]) : '–')
    write(cells.gradient, i in now.totals ? show(now.totals[i]) : '–')
    write(cells.stage, now.wrong[i] !== undefined && now.wrong[i] !== null ? `wrong: right is ${show(now.wrong[i])}`
      : part === 'partial' ? `${now.arrived[i].size} of ${forks[i]} contributions`
        : { waiting: 'not computed yet', computed: 'gradient not computed yet', done: 'complete' }[part])
  }
  for (const [i, row] of controls) write(row.gradient, i in now.totals ? show(now.totals[i]) : '–')
}
function go(to) {
  at = Math.max(0, Math.min(frames.length, to))
  message = ''
  render()
  const frame = frames[at - 1]
  const stage = $('stage'), drawn = frame && element(gate(frame.node)[0], picture)
  if (!drawn) return
  const box = drawn.getBoundingClientRect(), view = stage.getBoundingClientRect()
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
function play(on = !timer) {
  clearInterval(timer)
  timer = 0
  if (on) {
    if (at === frames.length) go(0)
    timer = setInterval(() => at < frames.length ? go(end(at + 1)) : play(false), 1300)
  }
  $('play').textContent = timer ? 'Pause' : 'Play'
  $('play').setAttribute('aria-label', timer ? 'pause' : 'play')
}
function again() {
  const last = at === frames.length
  compute()
  join()
  at = last ? frames.length : Math.min(at, frames.length)
  render()
}
function draw_picture(p) {
  picture = p
  written.clear()
  $('collapse').checked = closed[p]
  join()
  document.querySelectorAll('.picture').forEach(div => { div.hidden = Number(div.dataset.picture) !== p })
  go(at)
}

// ── inputs that can be changed ──

const controls = new Map(), table = new Map()

function number(value, label, change) {
  const box = h('input')
  Object.assign(box, { type: 'number', step: 'any', value: Number(value.toPrecision(4)) })
  box.setAttribute('aria-label', label)
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
function inputs() {
  const box = $('inputs'), made = h('tbody')
  box.append(h('h2', '', live ? 'Inputs: change them, and every number follows' : 'Inputs'))
  if (!live) box.append(h('p', 's', `Here they cannot be changed: ${DATA.why}`))
  const grid = tabled('name', ...live ? ['slide', 'value'] : ['value'], 'gradient', ...live ? ['moves'] : [])
  for (const i of leaves) {
    const gradient = h('td', 'g'), row = { gradient }
    controls.set(i, row)
    if (!live) { made.append(h('tr', '', h('td', '', h('b', '', name(i))), h('td', 'v', show(values[i])), gradient)); continue }
    const reach = Math.max(5, 2 * Math.abs(values[i]))
    row.set = (value, from) => {
      values[i] = value
      if (from !== row.slide) row.slide.value = value
      if (from !== row.box) { row.box.value = Number(value.toPrecision(4)); row.box.setAttribute('aria-invalid', false) }
    }
    row.slide = h('input')
    Object.assign(row.slide, { type: 'range', min: -reach, max: reach, step: reach / 500, value: values[i] })
    row.slide.setAttribute('aria-label', `${name(i)}, by sliding`)
    row.slide.addEventListener('input', () => { row.set(row.slide.valueAsNumber, row.slide); again() })
    row.box = number(values[i], name(i), value => { row.set(value, row.box); again() })
    row.moves = h('input')
    Object.assign(row.moves, { type: 'checkbox', checked: DATA.moved.includes(i) })
    row.moves.setAttribute('aria-label', `Update moves ${name(i)}`)
    made.append(h('tr', '', h('td', '', h('b', '', name(i))), h('td', '', row.slide), h('td', '', row.box), gradient, h('td', '', row.moves)))
  }
  grid.append(made)
  const rows = h('div', 'rows', grid)
  rows.tabIndex = 0  // it may scroll
  rows.setAttribute('role', 'region')
  rows.setAttribute('aria-label', 'values of the inputs')
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
    const wild = [...controls].find(([i, row]) => row.moves.checked && i in totals && !Number.isFinite(values[i] - rate * totals[i]))
    if (wild) {
      message = `!Nothing is updated: the gradient of ${name(wild[0])} is ${show(totals[wild[0]])}, and a step along it leads nowhere. Reset begins anew.`
      render()
      return
    }
    if (!history.length) history = [before]
    for (const [i, row] of controls) {
      if (!row.moves.checked || !(i in totals)) continue
      const old = values[i]
      row.set(old - rate * totals[i])
      said.push(`${name(i)} ← ${show(old)} − ${show(rate)} × ${bracketed(show(totals[i]))} = ${show(values[i])}`)
    }
    again()
    history.push(values[root])
    message = `Update ${history.length - 1}: ${name(root)} was ${show(before, 4)}, now ${show(values[root], 4)}. ${said.slice(0, 6).join('; ')}`
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
    curve.setAttribute('aria-label', history.length ? `${name(root)} after each update: ${history.slice(-10).map(y => show(y)).join(', ')}` : 'no update yet')
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
    list.append(h('label', '', choice, ` ${text}`))
  }
  const first = () => frames.findIndex(frame => [frame, ...frame.edges].some(differs)) + 1
  function tell() {
    const where = first()
    show_it.hidden = !where
    said.textContent = !mistake ? '' : where ? `The first wrong number comes at step ${where} of ${frames.length}.`
      : 'In this circuit it makes no difference, which is why it is so easily overlooked: it does where a value is used more than once.'
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

const closed = pictures.map(({ scopes }) => Object.keys(scopes).length > 0)

function above(members) {  // these nodes, and all that they are computed from
  const found = new Set(members), todo = [...members]
  while (todo.length) for (const [, target] of edges[todo.pop()]) if (!found.has(target)) { found.add(target); todo.push(target) }
  return found
}
function product(of, now) {  // of a wire: upstream × local = downstream, as far as it is known
  const back = of.length > 0 && of.every(edge => edge in now.wires)
  if (!back) return ''
  const sum = of.map(edge => now.wires[edge]).reduce((x, y) => x + y)
  const found = of.length === 1 && frames.slice(0, at).findLast(frame => frame.node === of[0][0] && frame.phase === 'backward')
  const e = found && found.edges.find(e => e.argument === of[0][1])
  return e && show(e.local) ? `gradient ${show(e.upstream)} × ${bracketed(show(e.local))} = ${show(e.downstream)}` : `gradient ${show(sum)}`
}
function words(id) {
  const now = state(at), { wires, nodes: places } = pictures[picture], of = wires[id], members = places[id]
  if (of) {
    const source = of.length ? edges[of[0][0]].find(edge => edge[0] === of[0][1])?.[1] : root
    if (source === undefined) return ''
    return [now.computed.has(source) && `${name(source)} = ${show(values[source])}`, of.length ? product(of, now) : root in now.totals && `gradient ${show(now.totals[root])}`]
      .filter(Boolean).join('\n')
  }
  const last = members.at(-1), value = now.computed.has(last) ? ` = ${show(values[last])}` : ''
  const what = members.length > 1 ? name(last) : nodes[last].operands.length ? `${name(last)} = ${fill(last, name)}` : name(last)
  return `${what}${value}${last in now.totals ? `\ngradient ${show(now.totals[last])}` : ''}`
}
function light(id, x, y) {  // what lies above the gate or wire under the pointer; nothing for no id
  const { wires, nodes: places } = pictures[picture], box = $('hover'), said = id ? words(id) : ''
  const from = !id ? [] : places[id] ?? wires[id].map(edge => edge[0]), set = above(from)
  $('stage').classList.toggle('hovering', id !== '')
  for (const [wire, of] of Object.entries(wires)) element(wire, picture)?.classList.toggle('lit', id === wire || of.some(([node]) => set.has(node)) && (places[id] !== undefined || id !== '' && of.every(([node]) => !from.includes(node))))
  for (const [node, members] of Object.entries(places)) element(node, picture)?.classList.toggle('lit', id !== '' && members.some(i => set.has(i)))
  box.hidden = !said
  write(box, said)
  box.style.left = `${Math.max(4, Math.min(x + 14, innerWidth - box.offsetWidth - 8))}px`
  box.style.top = `${y + 18 + box.offsetHeight > innerHeight ? y - box.offsetHeight - 10 : y + 18}px`
}
function under(target) {  // the id of the gate or wire that an element of the picture is in
  const drawn = target.closest?.('.picture .node, .picture .wire'), id = drawn?.id.replace(/^p\d+-/, '').replace(/-sum$/, '') ?? ''
  return id in pictures[picture].wires || id in pictures[picture].nodes ? id : ''
}
$('stage').addEventListener('pointerover', event => light(under(event.target), event.clientX, event.clientY))
$('stage').addEventListener('pointerleave', () => light('', 0, 0))
$('stage').addEventListener('focusin', event => {
  const box = event.target.getBoundingClientRect()
  light(under(event.target), box.right, box.bottom - 18)
})
$('stage').addEventListener('focusout', () => light('', 0, 0))

function button(drawn, label, act) {  // a part of the picture that can be pressed
  drawn.setAttribute('tabindex', 0)
  drawn.setAttribute('role', 'button')
  drawn.setAttribute('aria-label', label)
  drawn.addEventListener('click', event => { event.stopPropagation(); act() })
  drawn.addEventListener('keydown', event => {
    if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); event.stopPropagation(); act() }
  })
}
function opens(drawn, p) {  // a + at the corner of a collapsed gate
  const box = drawn.querySelector('.shape').getBBox(), sign = document.createElementNS('http://www.w3.org/2000/svg', 'g')
  sign.setAttribute('class', 'open')
  sign.setAttribute('transform', `translate(${box.x + box.width - 2} ${box.y + 2})`)
  sign.innerHTML = '<circle r="8"/><path d="M-4 0H4M0 -4V4"/>'
  button(sign, 'open the scopes', () => draw_picture(1 - p))
  drawn.after(sign)
}
function drags(text, i) {  // a number of an input: to the right is more
  if (!text || !live) return
  const row = controls.get(i), step = Math.max(5, 2 * Math.abs(values[i])) / 250
  text.classList.add('drag')
  text.addEventListener('pointerdown', event => {
    const from = event.clientX, value = values[i]
    text.setPointerCapture(event.pointerId)
    text.onpointermove = move => { row.set(value + step * Math.round(move.clientX - from)); again() }
    event.preventDefault()
  })
  text.addEventListener('lostpointercapture', () => { text.onpointermove = null })
}
function prepare({ nodes: places, wires, scopes }, p) {
  for (const [id, members] of Object.entries(places)) {
    const drawn = element(id, p), last = members.at(-1)
    if (!drawn) continue
    button(drawn, `${scopes[id] ?? (nodes[last].operands.length ? `${name(last)} = ${fill(last, name)}` : name(last))}: run to it`, () => run(members))
    if (scopes[id] !== undefined && pictures.length > 1) opens(drawn, p)
    if (leaves.includes(last)) drags(element(`${id}-sum`, p)?.querySelector('.value'), last)
  }
  for (const [id, of] of Object.entries(wires)) {
    const drawn = element(id, p), path = drawn?.querySelector(':scope > path')
    if (!path) continue
    const wide = path.cloneNode()  // easier to point at
    wide.setAttribute('class', 'reach')
    drawn.prepend(wide)
    const source = of.length ? edges[of[0][0]].find(edge => edge[0] === of[0][1])?.[1] : root
    if (leaves.includes(source)) drags(drawn.querySelector('.value'), source)
  }
  if (pictures.length > 1 && !closed[p])
    document.querySelectorAll(`[data-picture="${p}"] .scope text`).forEach(text => button(text, `close the scope ${text.textContent}, with all others`, () => draw_picture(1 - p)))
}

// ── and go ──

pictures.forEach((_, p) => {
  const svg = document.querySelector(`[data-picture="${p}"] svg`)
  svg.style.minWidth = `${1.05 * svg.viewBox.baseVal.width}px`  // its smallest letters have 10.5 px
  svg.querySelectorAll('.value, .gradient').forEach(text => rooms.set(text, Math.max(text.getComputedTextLength(), text.closest('[id$=-sum]') ? 95 : 47)))
})
$('collapsing').hidden = pictures.length < 2
$('collapse').addEventListener('change', () => draw_picture(1 - picture))
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
pictures.forEach(prepare)
at = frames.length  // so that every number is there, and follows as inputs change
draw_picture(0)
try {  // in a notebook: as tall as the page is
  if (window.frameElement) new ResizeObserver(() => { window.frameElement.style.height = `${document.documentElement.scrollHeight}px` }).observe(document.body)
} catch { /* a frame of another origin is left alone */ }
})()
