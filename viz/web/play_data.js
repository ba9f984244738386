// Points of the plane in two classes, and random numbers from a seed.
const playData = (() => {
'use strict'
function source(seed) {  // uniform in [0, 1): mulberry32
  let state = seed >>> 0
  return () => {
    state = state + 0x6d2b79f5 >>> 0
    let x = Math.imul(state ^ state >>> 15, state | 1)
    x ^= x + Math.imul(x ^ x >>> 7, x | 61)
    return ((x ^ x >>> 14) >>> 0) / 4294967296
  }
}
const between = (draw, low, high) => low + (high - low) * draw()
const normal = draw => Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw())
const KINDS = {  // a point, of a share of its class
  xor(draw, label) {
    const x = between(draw, .12, 1), y = between(draw, .12, 1), left = draw() < .5 ? -1 : 1
    return [left * x, left * (label ? -1 : 1) * y]
  },
  circles(draw, label) {
    const radius = label ? between(draw, 0, .42) : between(draw, .68, 1), angle = between(draw, 0, 2 * Math.PI)
    return [radius * Math.cos(angle), radius * Math.sin(angle)]
  },
  spirals(draw, label, share) {
    const angle = 3.2 * Math.PI * (.08 + .92 * share) + label * Math.PI, radius = .08 + .9 * share
    return [radius * Math.cos(angle), radius * Math.sin(angle)]
  },
  moons(draw, label, share) {
    const angle = Math.PI * share
    return label ? [.5 - .62 * Math.cos(angle) - .1, .3 - .62 * Math.sin(angle)] : [.62 * Math.cos(angle) - .3, .62 * Math.sin(angle) - .22]
  },
  clouds: (draw, label) => [.22 * normal(draw) + (label ? .45 : -.45), .22 * normal(draw) + (label ? .4 : -.4)],
}
function points(kind, count, noise, seed) {  // [x, y, label], the classes in turn
  const draw = source(seed * 7919 + 17)
  return Array.from({ length: count }, (_, i) => {
    const [x, y] = KINDS[kind](draw, i % 2, Math.floor(i / 2) / Math.max(1, Math.ceil(count / 2) - 1))
    return [x + noise * .3 * normal(draw), y + noise * .3 * normal(draw), i % 2]
  })
}
return { source, between, normal, points, kinds: Object.keys(KINDS) }
})()
