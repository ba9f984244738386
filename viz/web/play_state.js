// The settings of the tab Network, and how the address holds them.
const networkState = (() => {
'use strict'
const MOST_LAYERS = 6, MOST_UNITS = 8, LAMBDA = .001
const BATCHES = [0, 1, 10, 32], COUNTS = [50, 100, 200, 500], KINDS = [...playData.kinds, 'own']
const normal = () => ({ data: 'xor', count: 200, noise: .1, seed: 1, layers: [4], activation: 'tanh', loss: 'cross-entropy', optimiser: 'Adam', rate: .03,
  penalty: 'none', lambda: LAMBDA, batch: 0, start: 'nn', own: [], weights: null, steps: 0 })
const PRESETS = {
  works: { data: 'spirals', count: 200, noise: 0, layers: [8, 8], activation: 'tanh', optimiser: 'Adam', rate: .01 },
  zeros: { layers: [4], start: 'zeros', optimiser: 'SGD', rate: .5 },
  fast: { data: 'circles', layers: [8, 8], activation: 'relu', optimiser: 'SGD', rate: 20, start: 'He' },
  linear: { data: 'circles', layers: [4, 4], activation: 'identity' },
  chain: { data: 'circles', layers: [4, 4, 4, 4, 4, 4], activation: 'sigmoid', optimiser: 'SGD', rate: .5 },
}
const bytes = floats => btoa(String.fromCharCode(...new Uint8Array(Float32Array.from(floats).buffer))).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
function floats(text) {
  try {
    const raw = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
    return raw.length % 4 ? null : [...new Float32Array(Uint8Array.from(raw, c => c.charCodeAt(0)).buffer)]
  } catch { return null }
}
const sizes = settings => [2, ...settings.layers, 1]
function read(found) {  // from the address: what is not understood stays as it is
  const state = normal(), [data, count, noise, seed] = (found.get('n') ?? '').split('~'), one = (key, among) => { if (among.includes(found.get(key))) state[key] = found.get(key) }
  if (KINDS.includes(data)) state.data = data
  if (Number(count) >= 1 && Number(count) <= 500) state.count = Math.floor(Number(count))
  if (Number(noise) >= 0 && Number(noise) <= 1) state.noise = Number(noise)
  if (Number.isInteger(Number(seed)) && Number(seed) >= 0) state.seed = Number(seed)
  const layers = (found.get('l') ?? '4').split('-').filter(Boolean).map(Number)
  if (layers.length <= MOST_LAYERS && layers.every(n => Number.isInteger(n) && n >= 1 && n <= MOST_UNITS)) state.layers = layers
  one('activation', RULES.activations)
  one('loss', Object.keys(RULES.losses))
  one('optimiser', Object.keys(RULES.optimisers))
  one('penalty', ['none', 'L1', 'L2'])
  one('start', playTrain.STARTS)
  for (const key of ['rate', 'lambda', 'batch']) if (found.has(key) && Number(found.get(key)) >= 0 && Number.isFinite(Number(found.get(key)))) state[key] = Number(found.get(key))
  const own = floats(found.get('own') ?? '')
  if (own) for (let k = 0; k + 2 < own.length; k += 3) if (own.slice(k, k + 3).every(Number.isFinite)) state.own.push([own[k], own[k + 1], own[k + 2] ? 1 : 0])
  const weights = floats(found.get('w') ?? '')
  if (weights?.length === playTrain.total(sizes(state)) && weights.every(Number.isFinite)) { state.weights = weights; state.steps = Number(found.get('steps')) || 0 }
  return state
}
function write(state, said) {
  said.set('n', [state.data, state.count, state.noise, state.seed].join('~'))
  said.set('l', state.layers.join('-') || '-')
  const usual = normal()
  for (const key of ['activation', 'loss', 'optimiser', 'penalty', 'start', 'rate', 'lambda', 'batch']) if (state[key] !== usual[key]) said.set(key, state[key])
  if (state.data === 'own') said.set('own', bytes(state.own.flat()))
  if (state.weights) { said.set('w', bytes(state.weights)); said.set('steps', state.steps) }
}
const points = state => state.data === 'own' ? state.own : playData.points(state.data, state.count, state.noise, state.seed)
return { normal, read, write, sizes, points, PRESETS, MOST_LAYERS, MOST_UNITS, BATCHES, COUNTS, KINDS }
})()
