// The grammar of an expression, as Python's parser reads it: a tree of plain objects, or the place that Python's own message has.
const grammar = (() => {
'use strict'
class Wrong extends Error {}  // this alternative does not fit; the next one may

function parse(tokens, second) {  // the second pass looks for what is likely to be meant, as Python's does
  let at = 0, last = 0
  const memo = new Map()
  const stop = (key, start) => { throw { key, start } }
  function peek() {
    last = Math.max(last, at)
    const token = tokens[at]
    if (token.kind === 'fault') stop(token.key, token.start)
    return token
  }
  const is = (kind, text) => { const token = peek(); return token.kind === kind && (text === undefined || token.text === text) }
  const take = (kind, text) => is(kind, text) ? tokens[at++] : null
  const need = (kind, text) => take(kind, text) ?? wrong()
  const wrong = () => { throw new Wrong() }
  const ended = () => tokens[at - 1].end
  function tried(read) {  // one alternative: null where it does not fit
    const from = at
    try { return read() } catch (error) {
      if (!(error instanceof Wrong)) throw error
      at = from
      return null
    }
  }
  function once(rule, read) {
    const key = `${rule} ${at}`, known = memo.get(key)
    if (known) { at = known.at; if (!known.found) wrong(); return known.found }
    const from = at, found = tried(read)
    memo.set(key, { found, at: found ? at : from })
    return found ?? wrong()
  }
  const node = (kind, start, more) => ({ kind, start, end: ended(), ...more })
  const other = start => node('other', start, {})

  function expression() {
    return once('expression', () => {
      const { start } = peek()
      if (second) likely(start)
      if (is('keyword', 'lambda')) lambda()
      const found = disjunction()
      if (!take('keyword', 'if')) return found
      const from = at - 1
      if (tried(() => { disjunction(); need('keyword', 'else'); expression(); return true })) return other(start)
      at = from
      return found
    })
  }
  function lambda() {  // its colon is not allowed here: it can only end in a fault
    at++
    while (take('*') || take('/') || take('name')) { if (take('=')) expression(); take(',') }
    peek()
    wrong()
  }
  function likely(start) {
    const from = at, soft = is('name') && ['match', 'case', '_'].some(word => word.startsWith(tokens[at].text))
    const first = tried(disjunction)
    if (first && !soft && tried(bare)) {
      const old = first.kind === 'name' && ['print', 'exec'].includes(first.text)
      if (!old && tokens[at - 1].level) stop('syntax', first.start)
    }
    at = from
    const chosen = tried(() => { const first = disjunction(); need('keyword', 'if'); disjunction(); return is('keyword', 'else') ? null : first })
    if (chosen) stop('syntax', chosen.start)
    at = from
    if (is('name') && ['print', 'exec'].includes(tokens[at].text)) {
      at++
      if (!is('(') && tried(() => tuple(() => take('*') ? sum() : expression()))) stop('syntax', start)
    }
    at = from
  }
  function bare() {  // without a look at what is likely
    const before = second
    second = false
    try { return disjunctionOrChoice() } finally { second = before }
  }
  function disjunctionOrChoice() {
    const { start } = peek(), found = disjunction()
    const from = at
    if (take('keyword', 'if') && tried(() => { disjunction(); need('keyword', 'else'); return disjunctionOrChoice() })) return other(start)
    at = from
    return found
  }
  function disjunction() {
    return once('disjunction', () => chain('or', () => chain('and', inversion)))
  }
  function chain(word, part) {
    const { start } = peek(), found = part()
    let several = false
    for (let from = at; take('keyword', word); from = at) {
      if (!tried(part)) { at = from; break }
      several = true
    }
    return several ? other(start) : found
  }
  function inversion() {
    const { start } = peek()
    if (take('keyword', 'not')) return node('unary', start, { sign: 'not', parts: [inversion()], end: ended() })
    const found = sum()
    let several = false
    for (let from = at; compared(); from = at) {
      if (!tried(sum)) { at = from; break }
      several = true
    }
    return several ? other(start) : found
  }
  function compared() {
    if (take('==') || take('keyword', 'in')) return true
    if (take('keyword', 'is')) { take('keyword', 'not'); return true }
    const from = at
    if (take('keyword', 'not')) { if (take('keyword', 'in')) return true; at = from }
    return false
  }
  function binary(signs, part) {
    const { start } = peek()
    let found = part()
    for (let from = at; signs.includes(peek().kind); from = at) {
      const sign = tokens[at++].kind, right = tried(part)
      if (!right) { at = from; break }
      found = { kind: 'binary', sign, parts: [found, right], start, end: ended() }
    }
    return found
  }
  const sum = () => once('sum', () => binary(['+', '-'], () => binary(['*', '/', '//'], factor)))
  function factor() {
    const token = peek()
    if (token.kind === '+' || token.kind === '-') {
      at++
      const part = factor()
      return node('unary', token.start, { sign: token.kind, parts: [part] })
    }
    const base = awaited(), from = at
    if (!take('**')) return base
    const power = tried(factor)
    if (!power) { at = from; return base }
    return node('binary', token.start, { sign: '**', parts: [base, power] })
  }
  function awaited() {
    const { start } = peek()
    if (!take('keyword', 'await')) return primary()
    primary()
    return other(start)
  }
  function primary() {
    return once('primary', () => {
      const { start } = peek()
      let found = atom()
      for (;;) {
        const from = at
        if (take('.')) { if (take('name')) { found = other(start); continue } at = from; return found }
        if (!is('(')) return found
        if (tried(generator)) { found = node('call', start, { func: found, parts: [other(tokens[from].start)], keys: [null] }); continue }
        at = from
        const given = tried(call)
        if (!given) { at = from; return found }
        found = node('call', start, { func: found, ...given })
      }
    })
  }
  function call() {
    need('(')
    if (take(')')) return { parts: [], keys: [] }
    const given = args()
    need(')')
    return given
  }
  function args() {
    const from = at, given = tried(() => { const read = list(); take(','); return is(')') ? read : wrong() })
    if (given) return given
    at = from
    if (second) misplaced(from)
    return wrong()
  }
  function misplaced(from) {
    const read = tried(list)
    if (read && take(',') && take('*')) stop('syntax', tokens[last].start)
    at = from
    const first = tried(expression)
    if (first && tried(clauses)) { if (take(',') && (tried(list) || tried(() => { expression(); clauses(); return true }))) stop('syntax', tokens[from].start) }
    at = from
    const again = tried(list)
    const behind = at
    if (again && tried(clauses)) stop('syntax', tokens[from].start)
    at = behind
    if (again && take(',')) {
      const next = at
      if (tried(() => { const { start } = peek(); expression(); clauses(); return { start } })) stop('syntax', tokens[next].start)
      at = next
      if (tried(list)) stop('syntax', tokens[last].start)
    }
    at = from
  }
  function list() {  // of arguments: those by place, then those by name
    const plain = [], keys = [], named = []
    const placed = () => {
      const { start } = peek()
      if (take('*')) { expression(); return other(start) }
      const found = expression()
      return is('=') ? wrong() : found
    }
    const first = tried(placed)
    if (first) {
      plain.push(first)
      for (let from = at; take(','); from = at) {
        const next = tried(placed)
        if (!next) { at = from; break }
        plain.push(next)
      }
    }
    const from = at
    if (!first || take(',')) { if (!tried(() => { keywords(plain, keys, named); return true })) { if (!first) wrong(); at = from } }
    return { parts: [...plain, ...named], keys: [...plain.map(() => null), ...keys] }
  }
  function keywords(plain, keys, named) {
    const starred = [], one = double => tried(() => {
      const { start } = peek(), from = at
      if (second) assigned(start)
      at = from
      if (take('name')) { const key = tokens[at - 1].text; if (take('=')) { const value = expression(); return [key, value] } at = from }
      if (take(double ? '**' : '*')) { const value = expression(); return double ? ['**', value] : ['*', other(start)] }
      return wrong()
    })
    let some = false
    for (const double of [false, true]) for (let from = at; ;) {
      const found = one(double)
      if (!found) { at = from; break }
      some = true
      if (found[0] === '*') starred.push(found[1])
      else { keys.push(found[0]); named.push(found[1]) }
      from = at
      if (!take(',')) break
    }
    if (!some) wrong()
    plain.push(...starred)
  }
  function assigned(start) {  // f(2=x)
    const from = at
    if (['True', 'False', 'None'].some(word => take('keyword', word)) && is('=')) stop('syntax', start)
    at = from
    if (take('name') && take('=') && tried(() => { expression(); clauses(); return true })) stop('syntax', start)
    at = from
    if (is('name') && tokens[at + 1]?.kind === '=') return
    if (tried(() => { expression(); need('='); return true })) stop('syntax', start)
    at = from
  }
  function clauses() {
    const clause = () => {
      take('keyword', 'async')
      need('keyword', 'for')
      tuple(target)
      need('keyword', 'in')
      disjunction()
      while (take('keyword', 'if')) disjunction()
      return true
    }
    clause()
    while (is('keyword', 'for') || is('keyword', 'async')) if (!tried(clause)) break
    return true
  }
  const target = () => { take('*'); const found = primary(); return ['name', 'other'].includes(found.kind) ? found : wrong() }
  function generator() {
    need('(')
    if (take('*')) wrong()
    expression()
    clauses()
    need(')')
    return true
  }
  function tuple(part) {
    const found = part()
    let several = false
    for (let from = at; take(','); from = at) {
      several = true
      if (!tried(part)) { at = from + 1; break }
    }
    return [found, several]
  }
  function atom() {
    const token = peek(), { start } = token
    if (take('name')) return node('name', start, { text: token.text })
    if (take('number')) return node('number', start, { text: token.text })
    if (token.kind === 'keyword' && ['True', 'False', 'None'].includes(token.text) || token.kind === '...') { at++; return other(start) }
    if (token.kind !== '(') return wrong()
    return bracketed(start)
  }
  function bracketed(start) {
    const from = at, starred = () => take('*') ? sum() : named()
    const list = tried(() => {
      need('(')
      if (take(')')) return true
      starred()
      need(',')
      if (!is(')')) tuple(starred)
      need(')')
      return true
    })
    if (list) return other(start)
    at = from
    const group = tried(() => {
      need('(')
      const yielded = take('keyword', 'yield')
      const found = yielded ? (take('keyword', 'from') ? expression() : is(')') || tuple(() => take('*') ? sum() : expression()), other(yielded.start)) : named()
      need(')')
      return found
    })
    if (group) return group
    at = from
    if (second) {
      at++
      if (take('*') && tried(() => { expression(); return need(')') })) stop('syntax', tokens[from + 1].start)
      at = from + 1
      if (take('**') && tried(() => { expression(); return need(')') })) stop('syntax', tokens[from + 1].start)
      at = from
    }
    if (tried(generator)) return other(start)
    return wrong()
  }
  function named() {
    if (second) {
      const from = at, first = tried(sum)
      if (first && take('=') && tried(sum) && !is('=')) stop('syntax', first.start)
      at = from
    }
    return expression()
  }
  return { run() {
    try {
      const { start } = peek(), [found, several] = tuple(expression)
      if (!is('end')) wrong()
      return several ? other(start) : found
    } catch (error) {
      if (error instanceof Wrong) return { wrong: tokens[last].kind === 'end' ? 0 : tokens[last].start }
      throw error
    }
  } }
}

function read(tokens) {  // the tree; throws { key, start } for a fault
  const found = parse(tokens, false).run()
  if (found.wrong === undefined) return found
  let said = { key: 'syntax', start: found.wrong }
  try { parse(tokens, true).run() } catch (error) { said = error }
  const late = tokens.at(-1)  // a fault of a token further on is told first
  if (late.kind === 'fault' && late.key !== 'open' && said.key === 'syntax') said = { key: late.key, start: late.start }
  throw said
}
return { read }
})()
