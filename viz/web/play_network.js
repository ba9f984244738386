// The tab Network: a small network learns to tell two classes of points apart, and each of its neurons opens into its gates.
const networkTab = app => {
'use strict'
const BUDGET = 8, SLOW = 15  // milliseconds of a frame for steps and drawing; frames for each step when it is slow
const { h, say, state, part } = app, { sizes, points: pointsOf, PRESETS, MOST_LAYERS, MOST_UNITS, BATCHES, COUNTS, KINDS } = networkState
const settings = () => state.network ??= networkState.normal(), word = (key, holes) => say('network', key, holes)
let run = null, curve = null, frame = 0, frames = 0, drawing = 2, renewing = 2, marks = null, chosen = 0, opened = null, stepper = null, speed = 'one', adds = '0', told = ''
let watch = null, renewed = 0  // the part of the plane that is next
let looked = null  // what is pointed at or has the focus: the layer and number of a neuron, of a wire also its begin

// ── the run ──

function begin(keep = false) {  // anew: from the first weights, or from those that the address brought
  const own = settings(), shape = { ...own, sizes: sizes(own) }, known = keep && own.weights?.length === playTrain.total(shape.sizes) ? own.weights : null
  if (!known) { own.weights = null; own.steps = 0 }
  run = new playTrain.Training(shape, pointsOf(own), known)
  run.base = own.steps
  curve = new playView.Curve()
  chosen = Math.min(chosen, Math.max(0, run.points.length - 1))
  if (opened && !(shape.sizes[opened[0] + 1] > opened[1])) close()
  marks = null
  looked = null
  told = ''
}
function again() {
  pause(false)
  begin()
  layout()
  refresh()
  app.changed()
}
function one() {  // one step; false where it must end
  const good = run.step()
  if (good) curve.add(run.sitter.losses.at(-1))
  else pause()
  return good
}
function tick() {
  if (!frame) return
  const first = performance.now(), until = first + BUDGET - drawing
  frames++
  if (speed !== 'slow' || frames % SLOW === 0) while (one() && speed === 'fit' && performance.now() < until);
  const middle = performance.now()
  draw(frames % 3 === 0, frames % 6 === 0, renewing)
  drawing += (performance.now() - middle - drawing) / 8
  if (drawing > BUDGET / 2) renewing = 1
  else if (drawing < BUDGET / 8) renewing = Math.min(renewing + 1, playView.PARTS / 2)
  if (frames % 8 === 0) figures()
  if (frames % (40 * (1 + Math.floor(run.sitter.ratios.length / 2e4))) === 0) verdicts()  // to judge a long run takes longer
  if (frame) frame = requestAnimationFrame(tick)
}
function play() {
  if (!run.points.length) { app.announce(word('no points')); return }
  part('opened')?.classList.add('stale')
  frame = requestAnimationFrame(tick)
  part('run').textContent = word('pause')
}
function pause(show = true) {
  cancelAnimationFrame(frame)
  frame = 0
  if (!part('run')) return
  part('run').textContent = word('play')
  if (show) refresh()
}

// ── what is seen ──

function draw(wires = true, pictures = true, parts = playView.PARTS) {  // all of it, or what this frame has time for
  const plane = part('plane')
  if (!plane) return
  marks ??= playView.marksOf(plane, run.points)
  playView.plane(plane, run, renewed, parts, marks, run.points[chosen])
  renewed = (renewed + parts) % playView.PARTS
  if (wires) playView.wires(part('wires'), run, opened, pictures, looked)
  if (pictures) curve.draw(part('loss'), word('loss curve'))
}
function figures() {
  const { sitter } = run, loss = sitter.losses.at(-1)
  part('figures').textContent = word('figures', { step: run.base + run.t, epoch: Math.floor(run.epoch), loss: loss === undefined ? '–' : texts.shown(loss),
    correct: run.points.length ? `${Math.round(100 * run.correct())} %` : '–' })
  weights()
}
function weights() {  // those of the wire or neuron that is looked at, as text
  const box = part('weights')
  if (!looked) { box.textContent = word('no weights'); return }
  const [l, j, only] = looked, { weights: own, bias } = playTrain.places(run.settings.sizes)[l][j], { low, high } = neuronCircuit
  const said = own.map((k, i) => `w${low(j + 1)}${low(i + 1)}${high(l + 1)} = ${texts.shown(run.W[k])}`)
  box.textContent = only === undefined ? [...said, `b${low(j + 1)}${high(l + 1)} = ${texts.shown(run.W[bias])}`].join(', ') : said[only]
}
function look(what) {
  if (JSON.stringify(what) === JSON.stringify(looked)) return
  looked = what
  weights()
  if (!frame) draw(true, false, 0)
}
function pointed(event) {
  const canvas = part('wires'), box = canvas.getBoundingClientRect()
  look(event.target.neuron ?? playView.nearest(run.settings.sizes, box.width, box.height, event.clientX - box.x, event.clientY - box.y))
}
function verdicts() {
  const found = run.sitter.report(), said = JSON.stringify([found, run.t > 0])
  if (said === told) return
  told = said
  const layer = holes => 'layer' in holes ? { ...holes, layer: word('hidden', { k: holes.layer }) } : holes
  part('sitter').replaceChildren(...found.length ? found.map(([problem, evidence, holes, remedy, more]) => h('div', { class: 'verdict' },
    h('b', {}, `✗ ${say('sitter', problem)}`), h('p', {}, say('sitter', `why ${evidence}`, layer(holes))), h('p', { class: 's' }, `${word('remedy')}: ${say('sitter', `do ${remedy ?? problem}`, more)}`)))
    : [h('p', {}, run.t ? `✓ ${word('healthy')}` : word('not yet'))])
}
function refresh() {
  draw()
  figures()
  verdicts()
  if (opened) open(...opened)
}
function layout() {  // the neurons as buttons over their pictures, and the points for keyboards
  const box = part('net'), canvas = part('wires'), shape = sizes(settings()), wide = canvas.clientWidth, high = canvas.clientHeight, across = Math.max(24, playView.unit(shape, wide, high))
  box.querySelectorAll('button').forEach(button => button.remove())
  playView.spots(shape, wide, high).forEach((layer, l) => l && layer.forEach(([x, y], j) => {
    const name = l === shape.length - 1 ? word('output') : word('neuron', { j: j + 1, k: l }), button = h('button', { class: 'unit', title: name, 'aria-label': word('open', { name }), 'aria-describedby': 'weights' })
    button.neuron = [l - 1, j]
    Object.assign(button.style, { left: `${x - across / 2}px`, top: `${y - across / 2}px`, width: `${across}px`, height: `${across}px` })
    button.addEventListener('click', () => { pause(false); open(l - 1, j); draw(); part('opened').scrollIntoView({ block: 'nearest' }); part('opened').focus({ preventScroll: true }) })
    box.append(button)
  }))
  const spots = playView.spots(shape, wide, high)[0]
  box.querySelectorAll('.input').forEach(label => label.remove())
  spots.forEach(([x, y], j) => { const label = h('span', { class: 'input' }, `x${'₁₂'[j]}`); Object.assign(label.style, { left: `${x - 8}px`, top: `${y + across / 2}px` }); box.append(label) })
  part('point').max = Math.max(1, run.points.length)
  part('point').value = run.points.length ? chosen + 1 : ''
}

// ── a neuron, opened ──

function open(layer, neuron) {
  opened = [layer, neuron]
  stepper?.leave()
  stepper = null
  const box = part('opened'), { sizes: shape } = run.settings, point = run.points[chosen]
  box.hidden = false
  box.classList.remove('stale')
  if (!point) { part('gates').replaceChildren(); part('about').textContent = word('no points'); return }
  const name = layer === shape.length - 2 ? word('output') : word('neuron', { j: neuron + 1, k: layer + 1 }), made = neuronCircuit(run, layer, neuron, point)
  part('opened-name').textContent = name
  part('about').textContent = word('about', { i: chosen + 1, x: texts.shown(point[0]), y: texts.shown(point[1]), target: general(RULES.losses[run.settings.loss].targets[point[2]]),
    loss: texts.shown(made.loss), out: made.out, arrived: texts.shown(made.arrived) })
  stepper = mountStepper(part('gates'), made, app.lang())
}
function close() {
  stepper?.leave()
  stepper = null
  opened = null
  if (part('opened')) part('opened').hidden = true
}
function choose(i) {
  chosen = Math.max(0, Math.min(run.points.length - 1, i))
  part('point').value = chosen + 1
  draw()
  if (opened) { pause(false); open(...opened) }
}
function clicked(event) {
  const box = part('plane').getBoundingClientRect(), [x, y] = playView.point(event.clientX - box.x, event.clientY - box.y, box.width, box.height)
  if (settings().data === 'own' && adds !== 'choose') { add(x, y); return }
  const far = run.points.map(([px, py]) => (px - x) ** 2 + (py - y) ** 2)
  if (far.length) choose(far.indexOf(Math.min(...far)))
}
function add(x, y) {
  if (settings().own.length >= 500) return
  settings().own.push([Math.fround(x), Math.fround(y), Number(adds)])
  renew()
}
function renew() {  // other points: the run goes on with the weights that it has
  const { W } = run, going = frame
  pause(false)
  begin()
  run.W.set(W)
  layout()
  refresh()
  app.changed()
  if (going) play()
}

// ── the controls ──

function select(key, options, name, act = again) {
  const own = settings(), pick = h('select', { id: `set-${key}` }, ...options.map(([value, text]) => h('option', { value, selected: String(value) === String(own[key]) }, text)))
  pick.addEventListener('change', () => { own[key] = typeof own[key] === 'number' ? Number(pick.value) : pick.value; act(key) })
  return h('label', {}, h('span', {}, name), pick)
}
function number(key, given, name, act) {
  const own = settings(), box = h('input', { type: 'number', id: `set-${key}`, value: own[key], ...given })
  box.addEventListener('input', () => {
    const fine = box.value.trim() !== '' && Number.isFinite(box.valueAsNumber) && box.valueAsNumber >= Number(box.min || 0) && box.valueAsNumber <= Number(box.max || Infinity)
    box.setAttribute('aria-invalid', !fine)
    if (fine) { own[key] = box.valueAsNumber; act() }
  })
  return h('label', {}, h('span', {}, name), box)
}
function live() {  // rate and penalty change while it runs
  Object.assign(run.settings, { rate: settings().rate, penalty: settings().penalty, lambda: settings().lambda, batch: settings().batch })
  app.changed()
}
function layersBox() {
  const own = settings(), box = h('div', { class: 'layers', role: 'group', 'aria-label': word('layers') })
  const button = (text, label, off, act) => { const made = h('button', { 'aria-label': label, title: label, disabled: off }, text); made.addEventListener('click', () => { act(); rebuild(label) }); return made }
  own.layers.forEach((n, l) => box.append(h('span', { class: 'stack' }, button('−', word('fewer', { k: l + 1 }), n <= 1, () => own.layers[l]--), h('b', {}, n),
    button('+', word('more', { k: l + 1 }), n >= MOST_UNITS, () => own.layers[l]++))))
  box.append(button(`− ${word('layer')}`, word('remove layer'), !own.layers.length, () => own.layers.pop()), button(`+ ${word('layer')}`, word('add layer'), own.layers.length >= MOST_LAYERS, () => own.layers.push(4)))
  return box
}
function rebuild(label) {
  again()
  const fresh = layersBox()
  part('app').querySelector('.layers').replaceWith(fresh)
  const same = [...fresh.querySelectorAll('button')].find(button => button.getAttribute('aria-label') === label && !button.disabled)
  ;(same ?? fresh.querySelector('button:not(:disabled)')).focus()
}
function ownBox() {
  const x = h('input', { type: 'number', step: .1, min: -1.25, max: 1.25, value: 0, 'aria-label': 'x₁' }), y = h('input', { type: 'number', step: .1, min: -1.25, max: 1.25, value: 0, 'aria-label': 'x₂' })
  const kind = h('fieldset', { class: 'kinds' }, h('legend', {}, word('click')), ...[['0', `● ${word('class one')}`], ['1', `▲ ${word('class two')}`], ['choose', word('choose')]].map(([value, text]) => {
    const box = h('input', { type: 'radio', name: 'adds', value, checked: adds === value })
    box.addEventListener('change', () => { adds = value })
    return h('label', {}, box, ` ${text}`)
  }))
  const put = h('button', {}, word('add')), clear = h('button', {}, word('clear'))
  put.addEventListener('click', () => { if (adds === 'choose') adds = '0'; if (Number.isFinite(x.valueAsNumber) && Number.isFinite(y.valueAsNumber)) add(x.valueAsNumber, y.valueAsNumber) })
  clear.addEventListener('click', () => { settings().own = []; renew() })
  return h('div', { class: 'own' }, kind, h('div', { class: 'bar' }, h('span', {}, 'x₁'), x, h('span', {}, 'x₂'), y, put, clear))
}
function presets() {
  const { preset } = settings(), said = h('p', { id: 'preset-said' }, preset ? word(`about ${preset}`) : ''), box = h('div', { class: 'presets', role: 'group', 'aria-label': word('presets') }, h('span', { class: 's' }, word('presets')))
  for (const key of Object.keys(PRESETS)) {
    const button = h('button', {}, word(`preset ${key}`))
    button.addEventListener('click', () => {
      const { own } = settings()
      state.network = { ...networkState.normal(), own, preset: key, ...PRESETS[key] }
      run = null
      opened = null
      chosen = 0
      app.redo(`preset ${key}`)
    })
    button.id = `preset-${key}`
    box.append(button)
  }
  return h('div', {}, box, said)
}
function settingsBox() {
  const own = settings(), named = list => list.map(key => [key, word(key)])
  const data = select('data', named(KINDS), word('data'), () => { if (own.data === 'own' && !own.own.length) own.own = playData.points('clouds', 6, 0, 3).map(p => p.map(Math.fround)); run = null; own.preset = null; app.redo('set-data') })
  return h('div', { class: 'settings' }, data,
    ...own.data === 'own' ? [] : [select('count', COUNTS.map(n => [n, n]), word('count')), number('noise', { min: 0, max: 1, step: .05 }, word('noise'), again)],
    select('activation', RULES.activations.map(key => [key, key === 'identity' ? word('no activation') : key]), word('activation')),
    select('loss', named(Object.keys(RULES.losses)), word('loss')), select('optimiser', Object.keys(RULES.optimisers).map(key => [key, key === 'momentum' ? word('momentum') : key]), word('optimiser')),
    number('rate', { min: 0, step: 'any' }, word('rate'), live), select('penalty', [['none', word('none')], ['L1', 'L1'], ['L2', 'L2']], word('penalty'), live),
    number('lambda', { min: 0, step: 'any' }, 'λ', live), select('batch', BATCHES.map(n => [n, n || word('all')]), word('batch'), () => { live(); run.at = 0 }),
    select('start', named(playTrain.STARTS), word('start')), number('seed', { min: 0, step: 1 }, word('seed'), () => { settings().seed = Math.floor(settings().seed); again() }))
}
function bar() {
  const button = (id, text, act, kind = '') => { const made = h('button', { id, class: kind }, text); made.addEventListener('click', act); return made }
  const pace = h('select', { 'aria-label': word('pace') }, ...['slow', 'one', 'fit'].map(key => h('option', { value: key, selected: key === speed }, word(`pace ${key}`))))
  pace.addEventListener('change', () => { speed = pace.value })
  const point = h('input', { id: 'point', type: 'number', min: 1, step: 1, value: chosen + 1 })
  point.addEventListener('input', () => { if (Number.isInteger(point.valueAsNumber) && point.valueAsNumber >= 1 && point.valueAsNumber <= run.points.length) choose(point.valueAsNumber - 1) })
  return h('div', { class: 'bar', role: 'group', 'aria-label': word('training') }, button('run', word('play'), () => frame ? pause() : play(), 'main'),
    button('once', word('step'), () => { pause(false); if (run.points.length) one(); refresh() }), button('reset', word('reset'), again), pace,
    h('label', {}, word('point'), ' ', point), h('output', { id: 'figures' }))
}
function build(panel) {
  const shut = h('button', {}, word('close'))
  shut.addEventListener('click', () => { close(); draw(); part('run').focus() })
  panel.append(presets(), bar(), h('div', { class: 'network' },
    h('div', { class: 'left' }, settingsBox(), ...settings().data === 'own' ? [ownBox()] : []),
    h('div', { class: 'middle' }, h('p', { class: 's' }, word('layers'), ' '), layersBox(),
      h('div', { id: 'net' }, h('canvas', { id: 'wires', role: 'img', 'aria-label': word('wires') })), h('p', { id: 'weights', class: 's' }), h('p', { class: 's' }, word('legend'))),
    h('div', { class: 'right' }, h('canvas', { id: 'plane', role: 'img', 'aria-label': word('plane') }), h('canvas', { id: 'loss', role: 'img', 'aria-label': word('loss curve') }))),
  h('section', { class: 'sitter', 'aria-label': word('sitter') }, h('h2', {}, word('sitter')), h('div', { id: 'sitter', role: 'status' })),
  h('section', { id: 'opened', hidden: true, tabIndex: -1, 'aria-labelledby': 'opened-name' }, h('div', { class: 'bar' }, h('h2', { id: 'opened-name' }), h('span', { class: 'grow' }), shut),
    h('p', { id: 'about' }), h('div', { id: 'gates' })))
  playView.readInks()
  begin(true)
  layout()
  part('plane').addEventListener('click', clicked)
  const net = part('net')
  net.addEventListener('pointermove', pointed)
  net.addEventListener('pointerdown', pointed)
  net.addEventListener('pointerleave', () => look(document.activeElement?.neuron ?? null))
  net.addEventListener('focusin', event => look(event.target.neuron ?? null))
  net.addEventListener('focusout', () => look(null))
  watch = new ResizeObserver(() => { marks = null; layout(); draw() })
  watch.observe(part('net'))
  watch.observe(part('plane'))
  refresh()
}
function keep() {  // for the address, and for when the tab is opened again
  if (!run?.t) return
  settings().weights = [...run.W]
  settings().steps = run.base + run.t
}
const scheme = matchMedia('(prefers-color-scheme: dark)')
scheme.addEventListener('change', () => { if (part('plane')) { playView.readInks(); marks = null; draw() } })
return { build, key: event => stepper?.key(event),
  keep,
  leave() { keep(); cancelAnimationFrame(frame); frame = 0; watch?.disconnect(); stepper?.leave(); stepper = null } }
}
