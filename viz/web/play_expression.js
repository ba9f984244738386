// The tab Expression: a formula is typed, and its circuit and stepper follow.
function refusalText({ key, holes, text, start, end }, say) {  // in the reader's language, with carets under the fault
  const group = 'refusals', names = Array.isArray(holes.names) ? holes.names.join(say(group, 'or')) : holes.names
  const keys = holes.keys?.map(key => say(group, 'and', { key })).join('')
  return say(group, key, { ...holes, names, keys }) + (text ? `\n${texts.pointed(text, start, end)}` : '')
}
const expressionTab = app => {
'use strict'
const EXAMPLES = {
  neuron: ['1/(1 + exp(-(w0*x0 + w1*x1 + w2)))', { w0: 2, x0: -1, w1: -3, x1: -2, w2: -3 }], product: ['(x + y)*z', { x: -2, y: 5, z: -4 }],
  twice: ['x*y + x', { x: 3, y: -2 }], dead: ['relu(w*x + b)', { w: 0.5, x: -2, b: 0.25 }], root: ['sqrt(a**2 + b**2)', { a: 3, b: 4 }],
  bell: ['exp(-x**2/2)', { x: 0.8 }], loss: ['log(1 + exp(-t*(w*x + b)))', { t: 1, w: 0.7, x: 1.5, b: -2 }],
}
const NEW = [2, -1, 3, -2, 0.5, 1.5, -0.5]  // for names that have no value yet
const { h, say, state } = app
let stepper = null, late = 0, host = null, box = null, fault = null

const own = () => state.expression ??= { text: EXAMPLES.neuron[0], values: { ...EXAMPLES.neuron[1] } }
function read() {  // the formula's graph; throws a refusal
  const { text, values } = own(), parsed = parseExpression(text)
  parsed.names.forEach((name, i) => { if (!Number.isFinite(values[name])) values[name] = NEW[i % NEW.length] })
  return { parsed, order: parsed.on(values) }
}
function show() {
  let made = null
  try { made = read() } catch (error) { if (!error.key) throw error; fault.textContent = refusalText(error, say) }
  fault.hidden = made !== null
  box.setAttribute('aria-invalid', made === null)
  app.part('stale').hidden = made !== null || !stepper
  host.classList.toggle('stale', made === null)
  if (!made) return
  stepper?.leave()
  const { parsed, order } = made
  const names = order.map(node => node.op ? '' : node.name)
  stepper = mountStepper(host, { order, data: stepperData(order, SHARED) }, app.lang(), { changed(v) {
    names.forEach((name, i) => { if (name) own().values[name] = v[i] })
    app.changed()
  } })
  own().names = parsed.names
}
function build(panel) {
  const { text } = own(), chosen = Object.entries(EXAMPLES).find(([, [said]]) => said === text)?.[0] ?? ''
  box = h('input', { id: 'formula', type: 'text', value: text, spellcheck: false, autocomplete: 'off', autocapitalize: 'off', 'aria-describedby': 'fault' })
  fault = h('pre', { id: 'fault', role: 'alert', hidden: true, tabIndex: 0 })
  const pick = h('select', { id: 'example' }, h('option', { value: '' }, say('expression', 'own')),
    ...Object.keys(EXAMPLES).map(key => h('option', { value: key, selected: key === chosen }, say('expression', key))))
  pick.addEventListener('change', () => {
    if (!pick.value) { box.focus(); return }
    const [said, values] = EXAMPLES[pick.value]
    state.expression = { text: said, values: { ...values } }
    box.value = said
    app.changed()
    show()
  })
  box.addEventListener('input', () => {
    own().text = box.value
    pick.value = Object.entries(EXAMPLES).find(([, [said]]) => said === box.value)?.[0] ?? ''
    clearTimeout(late)
    late = setTimeout(() => { app.changed(); show() }, 120)
  })
  box.addEventListener('keydown', event => { if (event.key === 'Enter') { clearTimeout(late); app.changed(); show() } })
  host = h('div')
  const operations = [...Object.keys(table.rows), 'max', 'min'].sort().join(', ')
  panel.append(h('div', { class: 'formula' }, h('label', { htmlFor: 'formula' }, say('expression', 'formula')), box,
    h('label', { htmlFor: 'example' }, say('expression', 'examples')), pick), fault,
    h('p', { id: 'stale', class: 's', hidden: true }, say('expression', 'wrong')),
    h('details', {}, h('summary', {}, say('expression', 'what')), h('p', {}, say('expression', 'how', { names: operations }))), host)
  show()
}
return { build, key: event => stepper?.key(event), leave() { clearTimeout(late); stepper?.leave(); stepper = null }, read }
}
