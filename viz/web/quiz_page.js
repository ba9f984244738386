const quizOf = page => {  // the stepper with its gradients hidden: the learner fills them in, gate by gate
'use strict'
const { $, h, name, show, fill, nodes, edges, forks, values, root, digits } = page, { words, labels } = page.quiz
const said = (key, holes = {}) => words[key].replace(/\{(\w+)\}/g, (_, hole) => holes[hole])
const solved = new Map()  // of each blank: true where it was right at the first try
const tried = new Set()
let form = -1, boxes = []

const arriving = target => page.frames().flatMap(frame => frame.edges).filter(e => e.target === target)
function blanks(frame) {  // upstream once for a gate; for each wire local, downstream and, where it is the last of several, the sum
  const first = frame.node === root ? [] : [{ key: `${frame.node}`, kind: 'upstream', right: frame.gradient, node: frame.node, e: frame.edges[0] }]
  return [...first, ...frame.edges.flatMap(e => {
    const key = `${e.source},${e.argument}`, all = arriving(e.target)
    return [{ key: `${key},local`, kind: 'local', right: e.local, e }, { key: `${key},downstream`, kind: 'downstream', right: e.downstream, e },
      ...all.length > 1 && all.at(-1) === e ? [{ key: `${key},total`, kind: 'total', right: e.total, e, parts: all.map(x => x.downstream) }] : []]
  })]
}
const open = frame => blanks(frame).filter(blank => !solved.has(blank.key))
const asked = () => page.frames().filter(frame => frame.phase === 'backward')
const complete = () => !asked().some(frame => open(frame).length)
function limit() {  // the step that is to be filled in next
  const first = page.frames().findIndex(frame => frame.phase === 'backward' && open(frame).length)
  return first < 0 ? page.frames().length : first + 1
}
function known(e) {
  const frame = page.frames().find(frame => frame.edges.includes(e))
  return blanks(frame).every(blank => solved.has(blank.key) || blank.e !== e && blank.kind !== 'upstream')
}

// ── what is written ──

function read(text) {
  const plain = text.trim().replaceAll('−', '-').replace(/^\+/, ''), [, over, under] = plain.match(/^(-?\d+)\s*\/\s*(\d+)$/) ?? []
  return over ? over / under : plain === '' ? NaN : Number(plain)
}
const near = (x, right) => Math.abs(x - right) <= Math.max(.51 * page.unit(page.rounded(right, digits)), 1e-9 * Math.abs(right))
function mistake({ kind, e, right, node, parts }, x) {  // what a wrong number is most likely to be
  const is = y => Number.isFinite(y) && near(x, y) && !near(y, right), to = name(e.target), from = name(e.source)
  if (kind === 'total') {
    if (parts.some(is)) return said('one path', { to })
    if (is(parts.reduce((a, b) => a * b))) return said('multiplied', { to })
    return is(-right) ? said('sign') : said('add up', { to })
  }
  if (kind === 'upstream') {
    const several = arriving(node)
    if (is(-right)) return said('sign')
    if (several.length > 1 && several.some(part => is(part.downstream))) return said('one path', { to: from })
    return is(values[node]) ? said('value', { to: from }) : said('look right', { to: from })
  }
  if (is(-right)) return said('sign')
  if (kind === 'downstream') {
    if (is(e.upstream)) return said('upstream instead')
    if (is(e.local)) return said('local instead')
    return is(e.upstream + e.local) ? said('added') : said('multiply')
  }
  if (nodes[e.source].op === 'mul' && is(values[e.target])) return said('swap', { to })
  if (is(e.upstream)) return said('upstream instead of local')
  if (is(values[e.source])) return said('value', { to: from })
  return is(e.downstream) ? said('downstream instead') : said('nudge', { to, from })
}

// ── the form ──

function box(blank) {
  const { kind, e } = blank, input = h('input', 'blank'), label = said(`label ${kind}`, { to: name(e.target), from: name(e.source) })
  Object.assign(input, { type: 'text', inputMode: 'text', autocomplete: 'off', size: 7 })
  input.setAttribute('aria-label', label)
  input.setAttribute('aria-describedby', 'said')
  input.addEventListener('keydown', event => { if (event.key === 'Enter') { event.preventDefault(); check([entry]) } })
  const entry = { blank, input }
  boxes.push(entry)
  if (solved.has(blank.key)) settle(entry)
  return input
}
function settle({ blank, input }) {
  input.value = show(blank.right)
  input.readOnly = true
  input.classList.add('solved')
  input.removeAttribute('aria-invalid')
}
function build(panel, frame) {
  const node = frame.node, all = blanks(frame), of = (e, kind) => all.find(blank => blank.e === e && blank.kind === kind)
  boxes = []
  panel.removeAttribute('aria-live')
  panel.replaceChildren(h('p', 'phase', said('gate', { k: asked().indexOf(frame) + 1, n: asked().length })),
    h('p', 'sum', `${name(node)} = ${fill(node, name)} = ${fill(node, i => show(values[i]))} = `, h('span', 'v', show(values[node]))))
  const up = all.find(blank => blank.kind === 'upstream')
  panel.append(h('p', '', `${said('label upstream', { from: name(node) })}: `, up ? box(up) : h('span', 'g', show(frame.gradient)),
    up ? '' : h('span', 's', ` — ${said('result')}`)))
  for (const e of frame.edges) {
    const total = of(e, 'total'), to = name(e.target)
    panel.append(h('div', 'edge', h('p', '', h('b', '', to), `: ∂${name(node)}/∂${to} = `, box(of(e, 'local'))),
      h('p', '', h('span', 's', `${said('product')} = `), box(of(e, 'downstream'))),
      total ? h('p', '', `${said('label total', { to })}: `, box(total)) : ''))
  }
  const status = h('p', 'said'), go = h('button', 'main', said('check')), tell = h('button', '', said('show'))
  status.id = 'said'
  status.setAttribute('role', 'status')
  go.id = 'check'
  go.addEventListener('click', () => check(boxes))
  tell.addEventListener('click', () => {
    for (const { blank } of boxes) if (!solved.has(blank.key)) solved.set(blank.key, false)
    boxes.forEach(settle)
    finish(said(complete() ? 'end' : 'shown', score()))
  })
  if (open(frame).length) panel.append(h('p', '', go, ' ', tell))
  panel.append(status)
  if (!open(frame).length) status.textContent = said(complete() ? 'end' : 'done', score())
}
function check(entries) {
  const fresh = entries.filter(({ blank, input }) => !solved.has(blank.key) && input.value.trim() !== '')
  let wrong = null
  for (const entry of fresh) {
    const { blank, input } = entry, x = read(input.value), { e } = blank
    const typed = kind => boxes.find(other => other.blank.e === e && other.blank.kind === kind && solved.has(other.blank.key))
    const product = blank.kind === 'downstream' && typed('local') ? Number(show(e.upstream).replace('−', '-')) * Number(show(e.local).replace('−', '-')) : NaN
    if (near(x, blank.right) || near(x, product)) {
      solved.set(blank.key, !tried.has(blank.key))
      settle(entry)
    } else {
      tried.add(blank.key)
      input.setAttribute('aria-invalid', true)
      wrong ??= [entry, Number.isNaN(x) ? said('no number') : mistake(blank, x)]
    }
  }
  const left = boxes.find(({ blank }) => !solved.has(blank.key))
  if (!left) return finish(said(complete() ? 'end' : 'right', score()))
  page.render()
  $('said').className = wrong ? 'said wrongly' : 'said'
  $('said').textContent = wrong ? wrong[1] : fresh.length ? said('and next') : said('empty')
  ;(wrong?.[0] ?? left).input.focus()
}
function finish(text) {
  page.render()
  $('said').className = 'said fine'
  $('said').textContent = text
  $('check')?.parentElement.remove()
  $('next').focus()
}
function score() {
  const all = asked().flatMap(blanks), first = [...solved.values()].filter(Boolean).length
  return { first, all: all.length, left: all.length - solved.size }
}
function explain(panel, frame, at) {
  if (frame?.phase === 'backward') {
    if (form !== at) build(panel, frame)
    form = at
    return
  }
  form = -1
  panel.replaceChildren()
  if (!frame) panel.append(h('p', '', said('how')))
  else {
    const sum = h('p', 'sum', `${name(frame.node)} = `)
    if (nodes[frame.node].operands.length) sum.append(`${fill(frame.node, name)} = ${fill(frame.node, i => show(values[i]))} = `)
    sum.append(h('span', 'v', show(values[frame.node])))
    panel.append(sum)
  }
}
function tell(at) {
  $('where').textContent = said('score', score())
  $('slider').setAttribute('aria-valuetext', `${at} / ${page.frames().length}`)
}
for (const [selector, [text, label]] of Object.entries(labels)) for (const part of document.querySelectorAll(selector)) {
  if (text) part.textContent = text
  if (label) { part.setAttribute('aria-label', label); part.removeAttribute('title') }
}
return { limit, known, explain, tell }
}
