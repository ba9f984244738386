// The babysitter: nn/babysitter.py's rules on a run of the page, with the same thresholds and words. A test holds the verdicts equal.
const PlaySitter = (() => {
'use strict'
const { ratio: RATIO, dead: DEAD, saturated: SATURATED, flow: FLOW, flat: FLAT } = RULES.sitter, EVERY = 10, LEAST = 50
const LIMITS = { tanh: [-.975, .975], sigmoid: [.0127, .9873] }
const sorted = list => Float64Array.from(list).sort(), mean = list => list.reduce((a, b) => a + b, 0) / list.length
function median(list) {
  const all = sorted(list), half = all.length >> 1
  return all.length % 2 ? all[half] : (all[half - 1] + all[half]) / 2
}
const percent = x => `${Math.round(100 * x)}%`

class Layer {  // activations in this epoch, and in the last epoch with enough examples
  constructor(kind, units) { Object.assign(this, { kind, units, fired: new Uint8Array(units), seen: 0, shares: [], last: null }) }
  see(A, first, wide, count) {
    const { units, fired } = this, [low, high] = LIMITS[this.kind] ?? []
    let outside = 0
    for (let k = 0; k < count; k++) for (let j = 0; j < units; j++) {
      const out = A[k * wide + first + j]
      if (out > 0) fired[j] = 1
      if (out < low || out > high) outside++
    }
    if (low) this.shares.push(outside / (count * units))
    this.seen += count
  }
  turn() {
    if (this.seen < LEAST && this.last) return
    this.last = { fired: this.fired, seen: this.seen, shares: this.shares }
    Object.assign(this, { fired: new Uint8Array(this.units), seen: 0, shares: [] })
  }
  get latest() { return this.last ?? this }
}

return class {
  constructor(run) {
    const { sizes, activation, loss } = run.settings
    Object.assign(this, { run, losses: [], peak: -Infinity, ratios: [], early: 0, flows: [], fault: null, epochs: 0, saved: null, chance: playTrain.chance[loss] ?? null })
    this.layers = activation in LIMITS || activation === 'relu' ? sizes.slice(1, -1).map(units => new Layer(activation, units)) : []
  }
  before(loss, from, to) {  // a batch and its gradients, before the update; false where the loss is no number
    const { run } = this, step = this.losses.length
    if (!Number.isFinite(loss) || !run.G.every(Number.isFinite)) {
      this.fault ??= { step: step + 1, loss }
      return false
    }
    this.losses.push(loss)
    this.peak = Math.max(this.peak, loss)
    if (step % EVERY && step > 2) return true
    this.saved = run.W.slice()
    this.look(from, to)
    return true
  }
  look(from, to) {
    const { run, layers } = this, { sizes } = run.settings, wide = sizes.slice(1, -1).reduce((a, b) => a + b, 0), count = to - from
    if (!layers.length || !wide) return
    const A = new Float64Array(wide * count), D = new Float64Array(wide * count), slopes = []
    run.programs.inspect(run.W, run.X, run.Y, run.T, run.order, from, to, A, D)
    let first = 0
    for (const layer of layers) {
      layer.see(A, first, wide, count)
      let squares = 0
      for (let k = 0; k < count; k++) for (let j = first; j < first + layer.units; j++) squares += D[k * wide + j] ** 2
      slopes.push(Math.sqrt(squares / (count * layer.units)))
      first += layer.units
    }
    if (slopes.length > 1 && slopes.at(-1) > 0) this.flows.push(slopes[0] / slopes.at(-1))
  }
  after() {  // the update over the weights, layer by layer
    if (!this.saved) return
    const { run, saved } = this, found = playTrain.places(run.settings.sizes).map(layer => {
      let change = 0, length = 0
      for (const { weights } of layer) for (const k of weights) { change += (run.W[k] - saved[k]) ** 2; length += saved[k] ** 2 }
      return Math.sqrt(change) / (Math.sqrt(length) || 1)
    })
    this.ratios.push(median(found))
    if (!this.epochs) this.early++
    this.saved = null
  }
  epoch() {
    this.epochs++
    this.layers.forEach(layer => layer.turn())
  }

  // ── judgement ──

  report() {  // findings, each with a problem, its evidence and a remedy, as keys and holes of words
    return [...this.broken(), ...this.initial(), ...this.start(), ...this.rate(), ...this.ratio(), ...this.units(), ...this.flow()]
  }
  broken() { return this.fault ? [['nan or inf', 'broken', { step: this.fault.step, loss: general(this.fault.loss) }]] : [] }
  initial() {
    if (!this.losses.length || this.chance === null) return []
    const [loss] = this.losses, { chance } = this
    if (.7 * chance <= loss && loss <= 1.5 * chance) return []
    return [['wrong initial loss', 'initial', { loss: general(loss, 3), chance: general(chance, 3) }, loss > chance ? 'initial high' : 'initial low']]
  }
  start() {  // flat for much of the run, and falls then
    const { losses } = this, n = losses.length, wide = 9
    if (n < 4 * FLAT) return []
    const first = mean(losses.slice(0, wide)), now = mean(losses.slice(-wide))
    let flat = 0
    for (let sum = first * wide; flat + wide <= n && sum >= .95 * first * wide; flat++) sum += (losses[flat + wide] ?? 0) - losses[flat]
    if (flat + wide > n) flat = 0
    if (flat < Math.max(FLAT, .4 * n) || now >= .5 * first) return []
    return [['bad initialisation', 'flat start', { first: general(first, 3), flat, n, now: general(now, 3) }]]
  }
  rate() {
    if (!this.losses.length) return []
    const { losses, peak } = this, [first] = losses, tenth = Math.max(Math.floor(losses.length / 10), 1), now = mean(losses.slice(-tenth))
    const ratio = this.ratios.length ? median(this.ratios) : RATIO, holes = { first: general(first, 3), peak: general(peak, 3), now: general(now, 3) }
    if (this.fault && (peak > 1.5 * first || ratio > RATIO * 10)) return [['learning rate too high', 'shot to nan', holes]]
    if (peak > 3 * Math.max(first, this.chance ?? 0) || now > 1.2 * first && ratio > RATIO) return [['learning rate too high', 'shot up', holes]]
    if (losses.length >= 30 && now > .9 * first && ratio < RATIO / 5)
      return [['learning rate too low', 'slow', { n: losses.length, first: general(first, 4), now: general(now, 4), ratio: general(ratio, 1) }]]
    return []
  }
  ratio() {
    if (!this.ratios.length) return []
    const ratio = median(this.ratios), first = median(this.ratios.slice(0, 5)), epoch = median(this.early ? this.ratios.slice(0, this.early) : this.ratios)
    const high = Math.max(ratio, first), off = (found, remedy, by) => [['update-to-weight ratio off', 'off', { ratio: general(found, 1), good: general(RATIO) }, remedy, { factor: general(by, 1) }]]
    if (high > RATIO * 100) return off(high, 'divide', high / RATIO)
    return epoch < RATIO / 100 ? off(epoch, 'multiply', RATIO / Math.max(epoch, 1e-12)) : []
  }
  units() {
    return this.layers.flatMap((layer, l) => {
      const { fired, seen, shares } = layer.latest, { kind, units } = layer
      if (kind === 'relu') {
        const silent = units - fired.reduce((a, b) => a + b, 0)
        return seen >= LEAST && silent > DEAD * units ? [['dead relus', 'silent', { silent, units, layer: l + 1, seen }]] : []
      }
      const share = shares.length ? mean(shares) : 0
      return share > SATURATED ? [['saturated units', 'flat', { share: percent(share), layer: l + 1, kind }]] : []
    })
  }
  flow() {
    if (!this.flows.length) return []
    const flow = median(this.flows), holes = { flow: general(flow, 1) }
    return flow < FLOW[0] ? [['vanishing gradients', 'vanishing', holes]] : flow > FLOW[1] ? [['exploding gradients', 'exploding', holes]] : []
  }
}
})()
