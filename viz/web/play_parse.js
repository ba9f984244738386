// Expressions of the command line: the same grammar, limits and refusals as chainrule/expression.py. A test holds the two equal.
const parseExpression = (() => {
'use strict'
const LONGEST = 2000, DEEPEST = 200, LARGEST = 1000, HIGHEST = 1000
const ALIASES = { max: 'maximum', min: 'minimum' }, OPERATORS = { '+': 'add', '-': 'sub', '*': 'mul', '/': 'div', '**': 'pow' }
const FOREIGN = { '^': 'power', '×': 'multiply', '·': 'multiply', '⋅': 'multiply', '÷': 'divide', '−': 'minus', '²': 'square', '³': 'cube', '√': 'root',
  '[': 'round', '{': 'round' }
const { rows } = table, own = (object, key) => Object.hasOwn(object, key)
const rowOf = name => own(rows, own(ALIASES, name) ? ALIASES[name] : name) ? rows[own(ALIASES, name) ? ALIASES[name] : name] : null

class Refusal extends Error {  // key and holes of a message, and the marked part of the text
  constructor(key, holes = {}, text = '', start = 0, end = 0) {
    super(key)
    Object.assign(this, { key, holes, text, start, end })
  }
}
const grouped = n => String(n).replace(/\B(?=(\d{3})+$)/g, ',')

// ── names that are close ──

function matched(a, b) {  // letters in common, in matching blocks (Ratcliff and Obershelp, as in Python's difflib)
  let best = [0, 0, 0], before = []
  a.forEach((c, i) => {
    const now = []
    b.forEach((d, j) => { if (c === d) { now[j] = (before[j - 1] ?? 0) + 1; if (now[j] > best[2]) best = [i - now[j] + 1, j - now[j] + 1, now[j]] } })
    before = now
  })
  const [i, j, size] = best
  return size ? size + matched(a.slice(0, i), b.slice(0, j)) + matched(a.slice(i + size), b.slice(j + size)) : 0
}
function close(word, known) {
  const letters = [...word], score = other => 2 * matched([...other], letters) / (other.length + letters.length)
  return known.map(other => [score(other), other]).filter(([s]) => s >= .6).sort(([s, a], [t, b]) => t - s || (a < b ? 1 : -1)).slice(0, 3).map(([, other]) => other)
}

// ── from text to tree ──

function shownSign(c) {  // as Python writes a character
  if (c === "'") return '"\'"'
  if (c === '\\') return "'\\\\'"
  if (!/[\p{C}\p{Z}]/u.test(c)) return `'${c}'`
  const code = c.codePointAt(0), hex = n => code.toString(16).padStart(n, '0')
  return `'${code < 256 ? `\\x${hex(2)}` : code < 65536 ? `\\u${hex(4)}` : `\\U${hex(8)}`}'`
}
function misread(text, { key, start }, refuse) {
  const at = /[-+*/(,]$/.test(text) ? text.length : Math.min(start, text.length), here = text.slice(at), word = here.match(/^[\p{L}\p{N}_.]*/u)[0]
  const end = Math.max(1, [...word].length)
  if (key === 'brackets') return refuse('brackets', { limit: DEEPEST }, at, at + end)
  if (key === 'open' || key === 'unmatched') return refuse(key, {}, start, start + end)
  if (here.startsWith('=')) return refuse('equals', {}, at, at + end)
  if (/^\p{Nd}+[.\p{Nd}]*[\p{L}\p{Nl}\p{No}_]/u.test(here)) return refuse('no sign', {}, at, at + end)
  if (!here.replace(/[ )]/g, '')) return refuse('too early', {}, at, at + end)
  if (KEYWORD.test(word)) return refuse('keyword', { name: word }, at, at + end)
  return refuse('unread', {}, at, at + end)
}
const KEYWORD = /^(False|None|True|and|as|assert|async|await|break|class|continue|def|del|elif|else|except|finally|for|from|global|if|import|in|is|lambda|nonlocal|not|or|pass|raise|return|try|while|with|yield)$/

function sigmoidParts(node) {  // the four gates of 1/(1 + exp(-z)); none for any other node
  const one = part => part.kind === 'number' && Number(part.text.replaceAll('_', '')) === 1 && !/[jJ]/.test(part.text)
  if (node.kind !== 'binary' || node.sign !== '/' || !one(node.parts[0])) return []
  const [, total] = node.parts
  if (total.kind !== 'binary' || total.sign !== '+') return []
  for (const [first, e] of [total.parts, [...total.parts].reverse()])
    if (one(first) && e.kind === 'call' && e.func.kind === 'name' && e.func.text === 'exp' && e.parts.length === 1 && e.keys[0] === null
      && e.parts[0].kind === 'unary' && e.parts[0].sign === '-') return [node, total, e, e.parts[0]]
  return []
}

// ── from tree to program: the allow-list ──

return given => {
  const text = given.replace(/[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/g, ' ').replace(/^ +| +$/g, ''), names = new Map(), varying = new Set()
  const refuse = (key, holes, start, end) => { throw new Refusal(key, holes, text, start, end) }, length = [...text].length
  if (!text) throw new Refusal('empty')
  if (length > LONGEST) { const at = [...text].slice(0, LONGEST).join('').length; refuse('long', { count: grouped(length), limit: grouped(LONGEST) }, at, at) }
  const odd = text.match(/[^\p{L}\p{N}_ .,+\-*\/()=]|[²³]/u)
  if (odd) refuse(own(FOREIGN, odd[0]) ? `write ${FOREIGN[odd[0]]}` : 'odd', { sign: shownSign(odd[0]) }, odd.index, odd.index + 1)
  let tree
  try { tree = grammar.read(tokensOf(text)) } catch (error) {
    if (error instanceof RangeError) refuse('deep', { limit: DEEPEST }, 0, text.length)
    if (error instanceof Error) throw error
    misread(text, error, refuse)
  }
  const order = [], stack = [[tree, 1]]
  while (stack.length) {
    const [node, depth] = stack.pop()
    order.push(node)
    if (order.length > LARGEST) refuse('large', { limit: grouped(LARGEST) }, node.start, node.end)
    if (depth > DEEPEST) refuse('nested', { limit: DEEPEST }, node.start, node.end)
    for (const part of node.parts ?? []) stack.push([part, depth + 1])
  }
  const sigmoids = new Map(order.flatMap(node => sigmoidParts(node).map(gate => [gate, node])))

  function operation(node, name, keys) {
    const capped = name === 'pow' && !varying.has(node.parts[1])
    return { name, operands: node.parts.length, keys, start: node.start, end: node.end, capped, sigmoid: sigmoids.get(node) ?? null }
  }
  function call(node) {
    if (node.func.kind !== 'name') refuse('call', {}, node.start, node.end)
    const name = node.func.text, row = rowOf(name), written = text.slice(node.func.start, node.func.end)
    if (!row) {
      const known = [...Object.keys(rows), ...Object.keys(ALIASES)].sort(), near = close(name, known)
      refuse(near.length ? 'no operation, but' : 'no operation', { name, names: near.length ? near : known.join(', ') }, node.start, node.start + [...name].length)
    }
    const keys = node.keys.filter(key => key !== null), placed = node.parts.length - keys.length, defaults = Object.keys(row.defaults)
    const least = row.partials.length - defaults.length, most = row.partials.length - keys.length
    if (placed < least || placed > most || new Set([...keys, ...defaults]).size > defaults.length) {
      const operands = [...'xyuv'].slice(0, least).join(', ') + defaults.map(key => `, ${key}=${general(row.defaults[key])}`).join('')
      refuse(placed === 1 ? 'takes, given one' : 'takes', { name, operands, count: placed, keys }, node.start, node.end)
    }
    return operation(node, own(ALIASES, name) ? ALIASES[name] : name, keys)
  }
  function number(node) {
    const plain = node.text.replaceAll('_', '')
    if (/[jJ]$/.test(plain) && !/^0[xX]/.test(plain)) refuse('not allowed', {}, node.start, node.end)
    const found = Number(plain)
    return Number.isFinite(found) ? found : refuse('too large', {}, node.start, node.end)
  }
  function item(node) {
    if (node.kind === 'name' || node.parts?.some(part => varying.has(part))) varying.add(node)
    if (node.kind === 'number') return number(node)
    if (node.kind === 'name') {
      if (!names.has(node.text)) names.set(node.text, [node.start, node.end])
      return { read: node.text }
    }
    if (node.kind === 'unary' && node.sign === '+') return null
    if (node.kind === 'unary' && node.sign === '-') return operation(node, 'neg', [])
    if (node.kind === 'binary' && own(OPERATORS, node.sign)) return operation(node, OPERATORS[node.sign], [])
    return node.kind === 'call' ? call(node) : refuse('not allowed', {}, node.start, node.end)
  }
  const program = order.reverse().map(item).filter(found => found !== null)
  if (!names.size) throw new Refusal('no names')
  for (const [name, span] of names) if (rowOf(name)) refuse('operation', { name }, ...span)

  return { text, names: [...names.keys()], on(values) {  // the graph of the expression on these values
    const graph = new Graph(), leaves = new Map(), stack = [], scopes = new Map()
    for (const part of program) {
      if (typeof part === 'number') stack.push(part)
      else if (part.read) {
        if (!leaves.has(part.read)) leaves.set(part.read, graph.leaf(values[part.read], part.read))
        stack.push(leaves.get(part.read))
      } else {
        const operands = stack.splice(stack.length - part.operands), row = rows[part.name], plain = part.operands - part.keys.length
        if (part.capped && !(Math.abs(operands[1]) <= HIGHEST))
          refuse('exponent', { power: general(operands[1]), limit: HIGHEST }, part.start, part.end)
        const all = operands.slice(0, plain), defaults = Object.keys(row.defaults), first = row.partials.length - defaults.length
        for (const key of defaults.slice(Math.max(plain - first, 0))) all.push(part.keys.includes(key) ? operands[plain + part.keys.indexOf(key)] : row.defaults[key])
        const made = graph.apply(part.name, all)
        if (part.sigmoid && made instanceof GraphNode) {
          if (!scopes.has(part.sigmoid)) scopes.set(part.sigmoid, { name: 'sigmoid', parent: null })
          made.scope = scopes.get(part.sigmoid)
        }
        stack.push(made)
      }
    }
    return graph.sorted(stack.pop())
  } }
}
})()
