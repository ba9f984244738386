// What is seen of a run: the plane with its boundary, the network's wires and neurons, the loss.
const playView = (() => {
'use strict'
const NEAR = 8  // pixels from which a wire is pointed at
const EDGE = 1.25, SMALL = 20, LARGE = 64, PARTS = 8  // the plane from −EDGE to EDGE; cells of a neuron's picture, and of the plane, which is renewed in parts
const cells = (size, parts) => {  // the middles of a grid's cells; each part has every so manieth row
  const at = k => EDGE * (2 * (k + .5) / size - 1), each = size / parts, row = i => (Math.floor(i / size) % each) * parts + Math.floor(i / size / each)
  const all = Array.from({ length: size * size }, (_, i) => i)
  return { size, X: Float64Array.from(all, i => at(i % size)), Y: Float64Array.from(all, i => -at(row(i))), S: new Float64Array(size * size), pixel: all.map(i => row(i) * size + i % size) }
}
const large = cells(LARGE, PARTS), small = cells(SMALL, 1)
const channels = colour => [1, 3, 5].map(i => parseInt(colour.trim().slice(i, i + 2), 16))
let inks = {}
function readInks() {  // the colours of the page, as it is light or dark now
  const style = getComputedStyle(document.documentElement)
  for (const name of ['paper', 'ink', 'frame', 'line', 'positive', 'negative', 'one', 'two', 'formula', 'wire', 'bad', 'ring']) inks[name] = style.getPropertyValue(`--${name}`).trim()
  for (const name of ['paper', 'one', 'two']) inks[`${name} rgb`] = channels(inks[name])
}
function prepared(canvas) {  // its context, with as many pixels as the screen has
  const ratio = Math.min(devicePixelRatio || 1, 2), wide = canvas.clientWidth, high = canvas.clientHeight
  if (canvas.width !== Math.round(wide * ratio) || canvas.height !== Math.round(high * ratio)) { canvas.width = Math.round(wide * ratio); canvas.height = Math.round(high * ratio) }
  const pen = canvas.getContext('2d')
  pen.setTransform(ratio, 0, 0, ratio, 0, 0)
  pen.clearRect(0, 0, wide, high)
  return { pen, wide, high }
}
const stores = new Map()
function image(size) {
  if (!stores.has(size)) {
    const canvas = document.createElement('canvas')
    canvas.width = canvas.height = size
    const pen = canvas.getContext('2d')
    stores.set(size, { canvas, pen, pixels: pen.createImageData(size, size) })
  }
  return stores.get(size)
}
function shade(pixels, i, side, most) {  // side from −1 to 1: the one class, or the other
  const { 'paper rgb': paper, 'one rgb': one, 'two rgb': two } = inks, towards = side < 0 ? one : two, much = Math.min(Math.abs(side), 1) * most
  for (let c = 0; c < 3; c++) pixels[4 * i + c] = paper[c] + (towards[c] - paper[c]) * much
  pixels[4 * i + 3] = 255
}
const side = { 'cross-entropy': s => Math.tanh(s / 2), squares: s => s, hinge: s => s }  // of a score: 2p − 1 where it is a chance

function plane(canvas, run, first, count, marks, chosen) {  // renewed: so many parts, from the first
  const { pen, wide, high } = prepared(canvas), { pixels, canvas: store, pen: own } = image(LARGE), sided = side[run.settings.loss], { X, Y, S, pixel } = large, each = S.length / PARTS
  for (let k = 0; k < count; k++) {
    const from = (first + k) % PARTS * each, to = from + each
    run.programs.score(run.W, X.subarray(from, to), Y.subarray(from, to), S.subarray(from, to), each)
    for (let i = from; i < to; i++) shade(pixels.data, pixel[i], sided(S[i]) || 0, .6)
  }
  own.putImageData(pixels, 0, 0)
  pen.drawImage(store, 0, 0, wide, high)
  if (marks) pen.drawImage(marks, 0, 0, wide, high)
  if (chosen) {
    const [x, y] = place(chosen, wide, high)
    pen.strokeStyle = inks.ink
    pen.lineWidth = 2.5
    pen.beginPath()
    pen.arc(x, y, 9, 0, 7)
    pen.stroke()
  }
}
const place = ([x, y], wide, high) => [wide * (x / EDGE + 1) / 2, high * (1 - y / EDGE) / 2]
const point = (x, y, wide, high) => [EDGE * (2 * x / wide - 1), EDGE * (1 - 2 * y / high)]
function marksOf(canvas, points) {  // the points, drawn once: circles and triangles
  const made = document.createElement('canvas'), ratio = Math.min(devicePixelRatio || 1, 2), wide = canvas.clientWidth, high = canvas.clientHeight
  made.width = wide * ratio
  made.height = high * ratio
  const pen = made.getContext('2d')
  pen.scale(ratio, ratio)
  pen.strokeStyle = inks.paper
  pen.lineWidth = 1
  for (const [px, py, label] of points) {
    const [x, y] = place([px, py], wide, high)
    pen.fillStyle = label ? inks.two : inks.one
    pen.beginPath()
    if (label) { pen.moveTo(x, y - 5); pen.lineTo(x + 4.6, y + 3.4); pen.lineTo(x - 4.6, y + 3.4); pen.closePath() } else pen.arc(x, y, 4, 0, 7)
    pen.fill()
    pen.stroke()
  }
  return made
}

// ── the network ──

function spots(sizes, wide, high) {  // the middle of each neuron
  const step = (wide - 56) / Math.max(1, sizes.length - 1)
  return sizes.map((n, l) => Array.from({ length: n }, (_, j) => [28 + l * step, high * (j + .5) / n]))
}
const along = ([x, y], [x2, y2], t) => {  // a place on a wire, t from 0 at its begin to 1 at its end
  const s = 1 - t, middle = (x + x2) / 2
  return [s ** 3 * x + 3 * s * t * middle + t ** 3 * x2, s * s * (s + 3 * t) * y + t * t * (t + 3 * s) * y2]
}
function nearest(sizes, wide, high, x, y) {  // the wire at a place: its layer, its end and its begin; null where there is none
  const at = spots(sizes, wide, high)
  let found = null, least = NEAR
  for (let l = 0; l + 1 < sizes.length; l++) for (let j = 0; j < sizes[l + 1]; j++) for (let i = 0; i < sizes[l]; i++) for (let k = 1; k < 32; k++) {
    const [px, py] = along(at[l][i], at[l + 1][j], k / 32), far = Math.hypot(px - x, py - y)
    if (far < least) { least = far; found = [l, j, i] }
  }
  return found
}
function numbers(pen, run, at, [l, j, only]) {  // the weights of a neuron, or of one wire, at their wires
  pen.font = '12px sans-serif'
  pen.textAlign = 'center'
  pen.textBaseline = 'middle'
  playTrain.places(run.settings.sizes)[l][j].weights.forEach((k, i) => {
    if (only !== undefined && i !== only) return
    const said = texts.shown(run.W[k]), [x, y] = along(at[l][i], at[l + 1][j], .38), wide = pen.measureText(said).width + 8
    pen.fillStyle = inks.paper
    pen.fillRect(x - wide / 2, y - 9, wide, 18)
    pen.strokeStyle = inks.line
    pen.lineWidth = 1
    pen.strokeRect(x - wide / 2, y - 9, wide, 18)
    pen.fillStyle = inks.ink
    pen.fillText(said, x, y)
  })
}
let atlas = null
function wires(canvas, run, opened, renewed, looked) {  // renewed: the neurons' pictures too; looked: the neuron or wire whose weights are shown
  const { pen, wide, high } = prepared(canvas), { sizes, activation } = run.settings, at = spots(sizes, wide, high), across = unit(sizes, wide, high)
  playTrain.places(sizes).forEach((layer, l) => layer.forEach(({ weights }, j) => weights.forEach((k, i) => {
    const w = run.W[k], [x, y] = at[l][i], [x2, y2] = at[l + 1][j]
    pen.strokeStyle = Number.isFinite(w) ? w > 0 ? inks.positive : inks.negative : inks.bad
    pen.lineWidth = Math.min(.4 + 2.2 * Math.sqrt(Math.abs(w) || 0), 7)
    pen.globalAlpha = Math.min(.15 + .6 * Math.sqrt(Math.abs(w) || 0), .9)
    pen.setLineDash(w < 0 ? [7, 3] : [])
    pen.beginPath()
    pen.moveTo(x, y)
    pen.bezierCurveTo((x + x2) / 2, y, (x + x2) / 2, y2, x2, y2)
    pen.stroke()
  })))
  pen.globalAlpha = 1
  pen.setLineDash([])
  if (renewed || !atlas || atlas.width !== SMALL * sizes.reduce((a, b) => a + b, 0)) pictures(run)
  let k = 0
  at.forEach((layer, l) => layer.forEach(([x, y], j) => {
    pen.drawImage(atlas, SMALL * k++, 0, SMALL, SMALL, x - across / 2, y - across / 2, across, across)
    const open = opened && opened[0] === l - 1 && opened[1] === j
    pen.strokeStyle = open ? inks.ring : inks.frame
    pen.lineWidth = open ? 4 : 1.2
    pen.strokeRect(x - across / 2, y - across / 2, across, across)
  }))
  if (looked) numbers(pen, run, at, looked)
}
function pictures(run) {  // what every neuron gives over the plane, side by side
  const { sizes, activation, loss } = run.settings, units = sizes.slice(1).reduce((a, b) => a + b, 0), A = new Float64Array(units * small.S.length), wide = (units + sizes[0]) * SMALL
  if (!atlas || atlas.width !== wide) { atlas = document.createElement('canvas'); atlas.width = wide; atlas.height = SMALL }
  const pen = atlas.getContext('2d'), pixels = pen.createImageData(wide, SMALL)
  run.programs.neurons(run.W, small.X, small.Y, A, small.S.length)
  for (let k = 0; k < units + sizes[0]; k++) {
    const j = k - sizes[0], sided = j < 0 ? null : j === units - 1 ? side[loss] : scale(A, j, units, activation)
    for (let i = 0; i < small.S.length; i++)
      shade(pixels.data, Math.floor(i / SMALL) * wide + k * SMALL + i % SMALL, (j < 0 ? (k ? small.Y : small.X)[i] / EDGE : sided(A[i * units + j])) || 0, .8)
  }
  pen.putImageData(pixels, 0, 0)
}
const unit = (sizes, wide, high) => Math.max(18, Math.min(38, high / Math.max(...sizes) - 6, (wide - 56) / Math.max(1, sizes.length - 1) - 8))
function scale(A, j, units, activation) {  // what a neuron gives, from −1 to 1
  if (activation === 'tanh') return a => a
  if (activation === 'sigmoid') return a => 2 * a - 1
  let most = 1e-9
  for (let i = j; i < A.length; i += units) if (Math.abs(A[i]) < Infinity) most = Math.max(most, Math.abs(A[i]))
  return a => a / most
}

// ── the loss ──

class Curve {  // at most so many numbers: where there are more, every second one is left out
  constructor(most = 600) { Object.assign(this, { most, kept: [], stride: 1, count: 0 }) }
  add(loss) {
    if (this.count++ % this.stride) return
    this.kept.push(loss)
    if (this.kept.length > this.most) { this.kept = this.kept.filter((_, i) => i % 2 === 0); this.stride *= 2 }
  }
  draw(canvas, say) {
    const { pen, wide, high } = prepared(canvas), { kept } = this, top = Math.max(...kept, 1e-12), left = 44, low = high - 18
    pen.font = '12px sans-serif'
    pen.fillStyle = inks.frame
    pen.strokeStyle = inks.line
    pen.lineWidth = 1
    pen.beginPath()
    pen.moveTo(left, 8)
    pen.lineTo(left, low)
    pen.lineTo(wide - 6, low)
    pen.stroke()
    pen.textAlign = 'right'
    if (kept.length) pen.fillText(general(top, 3), left - 4, 16)
    pen.fillText('0', left - 4, low)
    pen.textAlign = 'center'
    pen.fillText(say, (left + wide) / 2, high - 4)
    pen.strokeStyle = inks.formula
    pen.lineWidth = 2
    pen.beginPath()
    kept.forEach((loss, i) => pen.lineTo(left + (wide - left - 8) * (kept.length > 1 ? i / (kept.length - 1) : 0), low - (low - 8) * loss / top))
    pen.stroke()
  }
}
return { plane, wires, nearest, spots, unit, marksOf, point, place, readInks, Curve, PARTS }
})()
