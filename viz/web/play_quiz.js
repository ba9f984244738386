// The tab Quiz: the stepper with its gradients hidden, on the expression that was typed or on given ones.
const quizTab = (app, expression) => {
'use strict'
const GIVEN = {
  product: ['(x + y)*z', { x: -2, y: 5, z: -4 }], twice: ['x*y + x', { x: 3, y: -2 }], loss: ['(w*x + b - t)**2', { w: 2, x: 1.5, b: -1, t: 1 }],
  dead: ['relu(w*x + b)*v', { w: 0.5, x: 4, b: -1, v: 3 }], neuron: ['1/(1 + exp(-(w0*x0 + w1*x1 + w2)))', { w0: 2, x0: -1, w1: -3, x1: -2, w2: -3 }],
}
const { h, say, state } = app
let stepper = null, host = null
function show() {
  stepper?.leave()
  stepper = null
  const chosen = GIVEN[state.quiz] ? state.quiz : 'mine'
  let order
  try { order = chosen === 'mine' ? expression.read().order : parseExpression(GIVEN[chosen][0]).on(GIVEN[chosen][1]) } catch (error) {
    if (!error.key) throw error
    host.className = ''
    host.replaceChildren(h('p', { role: 'alert', class: 'wrongly' }, say('quiz', 'unreadable')), h('pre', {}, refusalText(error, say)))
    return
  }
  const { locals, on } = gradientsOf(order, 1), numbers = [...order.map(node => node.value), ...locals.flat().map(Number), ...on.values()]
  if (!numbers.every(Number.isFinite)) {
    host.className = ''
    host.replaceChildren(h('p', { role: 'alert', class: 'wrongly' }, say('quiz', 'not finite')))
    return
  }
  const data = stepperData(order, SHARED)
  data.quiz = { words: WORDS[app.lang()].asked, labels: QUIZ_LABELS[app.lang()] }
  data.circuit.fixed = true
  stepper = mountStepper(host, { order, data }, app.lang(), { kind: 'quiz' })
}
function build(panel) {
  const chosen = GIVEN[state.quiz] ? state.quiz : state.quiz === 'mine' ? 'mine' : (state.quiz = 'product')
  const pick = h('select', { id: 'circuit' }, ...[...Object.keys(GIVEN), 'mine'].map(key =>
    h('option', { value: key, selected: key === chosen }, GIVEN[key] ? `${say('expression', key)}: ${GIVEN[key][0]}` : say('quiz', 'mine'))))
  const again = h('button', {}, say('quiz', 'again'))
  pick.addEventListener('change', () => { state.quiz = pick.value; app.changed(); show() })
  again.addEventListener('click', show)
  host = h('div')
  panel.append(h('div', { class: 'formula' }, h('label', { htmlFor: 'circuit' }, say('quiz', 'circuit')), pick, again), host)
  show()
}
return { build, key: event => stepper?.key(event), leave() { stepper?.leave(); stepper = null } }
}
