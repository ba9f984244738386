// Makes the cells of a chapter editable, and runs them in a worker with Python; everything comes from this site.
const korean = document.documentElement.lang === 'ko'
const SAY = korean ? {
  start: '이 장을 여기서 고치고 실행하기', about: '브라우저 안의 파이썬으로 실행합니다 (처음에 약 14 MB를 읽습니다). 그림(matplotlib)이 필요한 셀은 저장된 그림을 그대로 둡니다.',
  file: '이 페이지를 파일로 열었습니다. 셀을 실행하려면 웹 서버로 여세요: python -m http.server', loading: '파이썬을 읽는 중 …', ready: '준비되었습니다. Shift+Enter로 셀을 실행합니다.',
  run: '실행', all: '모두 실행', stop: '멈추기', cell: '셀', running: '실행 중 …', stopped: '멈췄습니다. 이름이 모두 지워졌으니 처음부터 다시 실행하세요.', failed: '파이썬을 읽지 못했습니다: ', done: '끝났습니다.', stored: 'matplotlib은 이 페이지에 없습니다. 저장된 그림을 그대로 둡니다.',
} : {
  start: 'Edit and run this chapter here', about: 'It runs with Python in your browser (which reads some 14 MB at first). Cells that need matplotlib keep their stored pictures.',
  file: 'This page was opened as a file. To run its cells, open it from a web server: python -m http.server', loading: 'Python is being loaded …', ready: 'Ready. Shift+Enter runs a cell.',
  run: 'Run', all: 'Run all', stop: 'Stop', cell: 'cell', running: 'running …', stopped: 'Stopped. All names are gone: run the cells again from the first.', failed: 'Python cannot be loaded: ', done: 'Done.', stored: 'matplotlib is not carried by this page: the stored picture stays.',
}
const make = (name, given = {}, ...inside) => { const made = Object.assign(document.createElement(name), given); made.append(...inside); return made }
const place = make('div', { className: 'python' }), status = make('span'), cells = []
status.setAttribute('role', 'status')
let worker = null, waiting = new Map(), count = 0

function begin() {
  worker = new Worker(new URL(`worker.js?lang=${korean ? 'ko' : 'en'}`, import.meta.url), { type: 'module' })
  status.textContent = SAY.loading
  worker.onmessage = ({ data }) => {
    if (data.ready) status.textContent = SAY.ready
    else if (data.failed) status.textContent = SAY.failed + data.failed
    else { waiting.get(data.id)?.(data.outputs); waiting.delete(data.id) }
  }
  worker.onerror = event => { status.textContent = SAY.failed + (event.message ?? '') }
}
const ask = code => new Promise(done => { waiting.set(++count, done); worker.postMessage({ id: count, code }) })
function stop() {
  worker.terminate()
  for (const done of waiting.values()) done(null)
  waiting = new Map()
  begin()
  status.textContent = SAY.stopped
}
function show(cell, outputs) {
  const stored = outputs.find(([kind]) => kind === 'stored')
  const old = cell.box.querySelector(':scope > .cell_output:not(.fresh)')
  if (!stored) old?.remove()
  else old?.querySelectorAll('.stream').forEach(text => text.remove())  // it was printed anew
  cell.shown?.remove()
  cell.shown = make('div', { className: 'cell_output container fresh' })
  for (const [kind, text] of outputs) {
    const part = make('div', { className: `output ${kind}` })
    if (kind === 'html') part.innerHTML = text
    else part.append(make(kind === 'stored' ? 'p' : 'pre', { textContent: text || SAY.stored }))
    cell.shown.append(part)
  }
  for (const pre of cell.shown.querySelectorAll('pre')) pre.tabIndex = 0
  if (stored) cell.box.querySelector('.cell_input').after(cell.shown)
  else cell.box.append(cell.shown)
}
async function run(cell) {
  cell.button.textContent = SAY.running
  cell.button.disabled = true
  const outputs = await ask(cell.text.value)
  cell.button.textContent = SAY.run
  cell.button.disabled = false
  if (outputs) show(cell, outputs)
  return outputs
}
async function all() {
  for (const cell of cells) if (!await run(cell)) return
  status.textContent = SAY.done
}
function editable(box, i) {
  const pre = box.querySelector('.cell_input pre'), source = pre.textContent.replace(/\n$/, '')
  const text = make('textarea', { value: source, spellcheck: false, rows: source.split('\n').length + 1, autocapitalize: 'off' })
  text.setAttribute('aria-label', `${SAY.cell} ${i + 1}`)
  text.setAttribute('wrap', 'off')
  const button = make('button', { textContent: SAY.run, type: 'button' }), cell = { box, text, button, shown: null }
  button.setAttribute('aria-label', `${SAY.run}: ${SAY.cell} ${i + 1}`)
  button.addEventListener('click', () => run(cell))
  text.addEventListener('keydown', event => { if (event.key === 'Enter' && event.shiftKey) { event.preventDefault(); run(cell) } })
  text.addEventListener('input', () => { text.rows = text.value.split('\n').length + 1 })
  pre.closest('.cell_input').replaceChildren(text, button)
  cells.push(cell)
}
function start(button) {
  document.querySelectorAll('article .cell').forEach((box, i) => box.querySelector('.cell_input pre') && editable(box, i))
  const every = make('button', { textContent: SAY.all, type: 'button' }), halt = make('button', { textContent: SAY.stop, type: 'button' })
  every.addEventListener('click', all)
  halt.addEventListener('click', stop)
  button.replaceWith(every, ' ', halt, ' ', status)
  begin()
  every.focus()
}
const button = make('button', { textContent: SAY.start, type: 'button' })
button.addEventListener('click', () => start(button))
if (location.protocol === 'file:') place.append(make('p', { textContent: SAY.file }))
else place.append(button, make('p', { textContent: SAY.about }))
document.querySelector('article h1').after(place)
