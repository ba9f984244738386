// The tokens of an expression, as Python's tokenizer makes them: numbers, names, signs, and the first fault.
const tokensOf = (() => {
'use strict'
const KEYWORDS = new Set(('False None True and as assert async await break class continue def del elif else except finally for from global if import in is '
  + 'lambda nonlocal not or pass raise return try while with yield').split(' '))
const SIGNS = ['**=', '//=', '...', '**', '//', '+=', '-=', '*=', '/=', '==', ...'+-*/(),.=']
const MOST = 200  // brackets in brackets
const isDigit = c => c >= '0' && c <= '9', isLetter = c => c !== undefined && (/[A-Za-z0-9_]/.test(c) || c.codePointAt(0) > 127)
const fault = (key, at) => ({ kind: 'fault', key, start: Math.max(at, 0), end: at })

function tail(text, at) {  // the end of digits with single underscores between them
  for (;;) {
    while (isDigit(text[at])) at++
    if (text[at] !== '_') return at
    if (!isDigit(text[++at])) return -at
  }
}
function ended(text, at) {  // a keyword may follow a number directly, another name may not
  return /^(and|else|for|if|in|is|or|not)/.test(text.slice(at)) || !/[A-Za-z0-9_]/.test(text[at] ?? '') ? at : -at
}
function number(text, start) {  // its end; negative: the place where it cannot go on
  let at = start, zeros = 0
  if (text[at] === '0') {
    const base = { x: /[0-9a-fA-F]/, o: /[0-7]/, b: /[01]/ }[text[at + 1]?.toLowerCase()]
    if (base) {
      at += 2
      do {
        if (text[at] === '_') at++
        if (!base.test(text[at] ?? '')) return isDigit(text[at]) ? -at - 1 : -at
        while (base.test(text[at] ?? '')) at++
      } while (text[at] === '_')
      return isDigit(text[at]) ? -at - 1 : ended(text, at)
    }
    while (text[at] === '0' || text[at] === '_' && isDigit(text[at + 1])) at++
    if (text[at] === '_') return -at - 1
    zeros = isDigit(text[at]) ? at : 0
  }
  if (text[at] !== '.' || at > start) at = tail(text, at)
  if (at < 0) return at
  if (text[at] === '.') {
    zeros = 0
    if (isDigit(text[++at])) at = tail(text, at)
    if (at < 0) return at
  }
  if (/[eE]/.test(text[at] ?? '')) {
    const signed = /[-+]/.test(text[at + 1] ?? ''), from = at + 1 + signed
    if (!isDigit(text[from])) return signed ? -from : ended(text, at)
    zeros = 0
    at = tail(text, from)
    if (at < 0) return at
  }
  if (/[jJ]/.test(text[at] ?? '')) return ended(text, at + 1)
  return zeros ? -start - 1 : ended(text, at)
}
function name(text, start) {
  let at = start
  while (isLetter(text[at])) at++
  const said = text.slice(start, at), odd = [...said].findIndex((c, i) => !(i ? /[\p{XID_Continue}]/u : /[\p{XID_Start}_]/u).test(c))
  return odd < 0 ? { kind: KEYWORDS.has(said) ? 'keyword' : 'name', start, end: at, text: said.normalize('NFKC') }
    : fault('odd letter', start + [...said].slice(0, odd).join('').length)
}
return text => {
  const found = [], open = []
  for (let at = 0; ;) {
    while (text[at] === ' ') at++
    if (at === text.length) { found.push({ ...(open.length ? fault('open', open.at(-1)) : { kind: 'end', start: at, end: at }), level: open.length }); return found }
    let token
    if (isDigit(text[at]) || text[at] === '.' && isDigit(text[at + 1])) {
      const end = number(text, at)
      token = end > 0 ? { kind: 'number', start: at, end } : fault('number', -end - 1)
    } else if (isLetter(text[at])) token = name(text, at)
    else {
      const sign = SIGNS.find(sign => text.startsWith(sign, at))
      token = { kind: sign, start: at, end: at + sign.length }
      if (sign === '(') { if (open.length >= MOST) token = fault('brackets', at); else open.push(at) }
      if (sign === ')' && open.pop() === undefined) token = fault('unmatched', at)
    }
    found.push({ ...token, text: token.text ?? text.slice(token.start, token.end), level: open.length })
    if (token.kind === 'fault') return found
    at = token.end
  }
}
})()
