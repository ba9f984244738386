// One neuron of a network as a circuit of gates, with the numbers of one point: the gradient that arrives is that of the point's loss.
const neuronCircuit = (() => {
'use strict'
const low = n => String(n).replace(/\d/g, c => '₀₁₂₃₄₅₆₇₈₉'[c]), high = n => `⁽${String(n).replace(/\d/g, c => '⁰¹²³⁴⁵⁶⁷⁸⁹'[c])}⁾`
const circuit = (run, layer, neuron, point) => {
  const { settings } = run, net = playTrain.network(settings, run.W, point), graph = new Graph(), last = layer === settings.sizes.length - 2
  const whole = net.order, arrived = gradientsOf(whole, 1).totals.get(whole.indexOf(net.layers[layer][neuron])) ?? 0
  const before = layer ? net.layers[layer - 1] : net.inputs, { weights, bias } = playTrain.places(settings.sizes)[layer][neuron]
  const parameters = [], named = (value, name, moves) => { const node = graph.leaf(value, name); if (moves) parameters.push(node); return node }
  const products = weights.map((k, i) => graph.apply('mul', [named(run.W[k], `w${low(neuron + 1)}${low(i + 1)}${high(layer + 1)}`, true),
    named(before[i].value, layer ? `h${low(i + 1)}${high(layer)}` : `x${low(i + 1)}`)]))
  let out = graph.apply('add', [products.reduce((a, b) => graph.apply('add', [a, b])), named(run.W[bias], `b${low(neuron + 1)}${high(layer + 1)}`, true)])
  const { activation } = settings
  if (!last && activation !== 'identity') {
    out.name = 'z'
    out = graph.apply(activation, activation in playTrain.DEFAULTS ? [out, ...playTrain.DEFAULTS[activation]] : [out])
  }
  out.name = last ? 's' : `h${low(neuron + 1)}${high(layer + 1)}`
  const order = graph.sorted(out), moved = parameters.map(node => order.indexOf(node))
  return { order, data: stepperData(order, SHARED, { seed: arrived, moved }), loss: net.root.value, arrived, out: out.name }
}
return Object.assign(circuit, { low, high })
})()
