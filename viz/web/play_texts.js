// Numbers and formulas as Python writes them, and the widths of texts: autograd/symbolic.py, viz/numbers.py, viz/svg.py.
const sayIn = lang => (group, key, holes = {}) => WORDS[lang][group][key].replace(/\{(\w+)\}/g, (whole, hole) => holes[hole] ?? (hole in holes ? '' : whole))
function general(x, digits = 6) {  // %g
  if (!Number.isFinite(x)) return x > 0 ? 'inf' : x < 0 ? '-inf' : 'nan'
  if (x === 0) return Object.is(x, -0) ? '-0' : '0'
  const [text, power] = x.toExponential(digits - 1).split('e'), n = Number(power), bare = text => text.includes('.') ? text.replace(/\.?0+$/, '') : text
  return n < -4 || n >= digits ? `${bare(text)}e${n < 0 ? '-' : '+'}${String(Math.abs(n)).padStart(2, '0')}` : bare(x.toFixed(digits - 1 - n))
}
function represented(x) {  // repr
  if (!Number.isFinite(x)) return general(x)
  if (x === 0) return Object.is(x, -0) ? '-0.0' : '0.0'
  const [digits, power] = x.toExponential().split('e'), n = Number(power)
  if (n < -4 || n >= 16) return `${digits}e${n < 0 ? '-' : '+'}${String(Math.abs(n)).padStart(2, '0')}`
  const text = n < 0 ? x.toFixed(digits.replace(/[-.]/g, '').length - 1 - n) : String(x)
  return text.includes('.') ? text : `${text}.0`
}
const texts = (() => {
'use strict'
const raised = text => text.replace(/[-−0-9]/g, c => '-−'.includes(c) ? '⁻' : '⁰¹²³⁴⁵⁶⁷⁸⁹'[c])
const typed = (text, power) => (power ? `${text}·10${raised(String(power))}` : text).replaceAll('-', '−')
const bracketed = text => text.startsWith('−') ? `(${text})` : text

function shown(x) {  // two decimals, and more where fewer than two significant digits would remain
  if (!Number.isFinite(x)) return general(x).replace('-', '−')
  const power = x && Number(x.toExponential(1).split('e')[1])
  if (-4 < power && power < 6) return typed((x || 0).toFixed(Math.max(1 - power, 2)), 0)
  const [text, exponent] = x.toExponential(1 + (power > 0)).split('e')
  return typed(text, Number(exponent))
}
function whole(x) {  // all of its digits
  const [text, exponent] = represented(x).split('e')
  return typed(text, Number(exponent ?? 0))
}
const constant = x => represented(x).length < 8 ? whole(x).replace(/\.0$/, '') : shown(x)

// ── formulas: a row's rule, run on pieces of text ──

const INFIX = { add: ['+', 2], sub: ['-', 2], mul: ['*', 3], div: ['/', 3], pow: ['**', 5] }
const place = (name, i) => ({ text: `{${name}}`, binds: 9, place: name, i })
const isText = x => typeof x === 'object'
const text = x => isText(x) ? x.text : Number.isInteger(x) && Math.abs(x) <= 1e15 ? String(x) : represented(x)
function within(x, binds) {
  const said = text(x)
  if (isText(x) && x.place !== undefined) return binds > 2 ? `${said.slice(0, -1)}b}` : said
  return (isText(x) ? x.binds < binds : said.startsWith('-') && binds > 2) ? `(${said})` : said
}
function simpler(name, x, y) {
  const is = (z, n) => !isText(z) && z === n
  if (name === 'mul' && (is(x, 1) || is(y, 1))) return is(x, 1) ? y : x
  if (name === 'mul' && is(x, -1)) return negative(y)
  if (name === 'div' && is(y, 1) || name === 'pow' && is(y, 1)) return x
  if (name === 'pow' && is(y, 0)) return 1
  if ((name === 'add' || name === 'sub') && is(y, 0)) return x
  return name === 'add' && is(x, 0) ? y : null
}
const negative = x => isText(x) ? { text: `-${within(x, 4)}`, binds: 3 } : -x
function infix(name, x, y) {
  const [sign, binds] = INFIX[name]
  if (name === 'pow') return { text: `${within(x, binds + 1)}**${within(y, binds)}`, binds }
  const right = within(y, isText(y) && y.place !== undefined ? 3 : binds + (name === 'sub' || name === 'div' ? 1 : 0)), gap = binds === 2 ? ' ' : ''
  const left = isText(x) && x.place === undefined ? within(x, binds) : text(x)
  return { text: `${left}${gap}${sign}${gap}${right}`, binds }
}
function run(tree, given) {  // on places and constants
  if (typeof tree === 'number') return tree
  if (typeof tree === 'string') return given[tree]
  const [name, ...parts] = tree, args = parts.map(part => run(part, given))
  if (name === 'where' && !args.some(isText)) return args[0] ? args[1] : args[2]
  if (name === 'where') return { text: `${within(args[1], 1)} if ${within(args[0], 1)} else ${text(args[2])}`, binds: 0 }
  if (/^[<>=!]/.test(name)) {
    const turned = !isText(args[0]) && isText(args[1]), [x, y] = turned ? [args[1], args[0]] : args  // a number before a text compares from the other side
    const sign = turned ? name.replace(/[<>]/, c => c === '<' ? '>' : '<') : name
    return isText(x) ? { text: `${within(x, 2)} ${sign} ${within(y, 2)}`, binds: 1 } : Number(new Function('x', 'y', `return x ${sign} y`)(x, y))
  }
  if (!args.some(isText)) return args.length === 1 && name !== 'neg' ? { text: `${name}(${text(args[0])})`, binds: 9 } : forward[name](...args)
  if (name === 'neg') return negative(args[0])
  if (INFIX[name]) return simpler(name, ...args) ?? infix(name, ...args)
  return { text: `${name}(${args.map(text).join(', ')})`, binds: 9 }
}
function typeset(formula) {
  let said = formula.replace(/\*\*(?:(\d+)|\((-?\d+)\))(?![\d.])/g, (_, a, b) => raised(a ?? b))
  said = said.replace(/(?<![\p{L}\p{N}_.])\d+(\.\d{4,}(e[-+]?\d+)?|(\.\d+)?e[-+]?\d+)/gu, number => shown(Number(number)))
  for (const [plain, sign] of [['**', '^'], ['*', '·'], ['-', '−'], ['>=', '≥'], ['<=', '≤'], ['==', '=']]) said = said.replaceAll(plain, sign)
  return said
}
const known = new Map()
function template(name, argument, constants) {  // the local gradient with places for operands; constants are numbers, or null
  const key = `${name} ${argument} ${constants}`
  if (!known.has(key)) {
    const [x, y] = constants.map((c, i) => c ?? place(i))
    known.set(key, typeset(text(run(table.rows[name].shown[argument], { out: place('out'), x, y }))))
  }
  return known.get(key)
}
const filled = (template, operands, out) => template.replace(/\{(\d+|out)(b?)\}/g, (_, at, b) => {
  const said = at === 'out' ? out : operands[at]
  return b && /^[-−]/.test(said) ? `(${said})` : said
})

// ── gates ──

function sign(name, operands) {  // of a gate with its constants: pieces, each with 1 for a constant
  const at = operands.flatMap((x, i) => typeof x === 'number' ? [i] : []), { sign } = table.rows[name]
  if (!at.length) return [[sign, 0]]
  if (operands.length !== 2 || at.length !== 1) return [[sign, 0], ...at.map(i => [` ${constant(operands[i])}`, 1])]
  const said = constant(operands[at[0]]), last = at[0] === 1
  if (name === 'add' || name === 'mul') return [[sign, 0], [bracketed(said), 1]]
  if (name === 'pow') return last ? [['x', 0], [/^−?\d+$/.test(said) ? raised(said) : `^${bracketed(said)}`, 1]] : [[bracketed(said), 1], ['ˣ', 0]]
  if (name === 'sub' || name === 'div') return last ? [[sign, 0], [bracketed(said), 1]] : [[said, 1], [`${sign}x`, 0]]
  return last ? [[sign, 0], [` ${said}`, 1]] : [[sign, 0], [`(${said}, x)`, 1]]
}
function applied(name, operands) {  // an operation with a place for each operand
  const infix = { add: '+', sub: '−', mul: '×', div: '/', pow: '^' }[name]
  if (name === 'neg') return '{0} × (−1)'
  if (name === 'pow' && Number.isInteger(operands[1])) return `{0b}${raised(general(operands[1]))}`
  return infix ? `{0${infix === '^' ? 'b' : ''}} ${infix} {1b}` : `${name}(${operands.map((_, i) => `{${i}}`).join(', ')})`
}

const WIDE = /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/u
function width(said, size, bold = false) {
  let em = 0
  for (const c of said) {
    if (WIDE.test(c) || 'mwMW@%—…'.includes(c)) em += 1
    else if (" .,:;'|ijlI/".includes(c)) em += .34
    else if ('!()[]ft¹²³⁰⁴⁵⁶⁷⁸⁹'.includes(c)) em += .41
    else em += '+−=×<>≥≤·→Σ#&'.includes(c) ? .84 : /\p{Lu}/u.test(c) ? .76 : c >= '▁' && c <= '█' ? .55 : .64
  }
  return em * size * (bold ? 1.12 : 1)
}
function clip(said, letters = 24) {
  const all = [...said]
  return all.length <= letters ? said : `${all.slice(0, letters - 1).join('')}…`
}
function pointed(said, start, end) {  // the text, and carets under a part of it; a long text is cut around that part
  const all = [...said], count = at => [...said.slice(0, at)].length, from = count(start), first = Math.max(0, from - 40)
  const before = first > 0 ? '…' : '', after = all.length > first + 90 ? '…' : ''
  const line = all.slice(first, first + 90).map(c => /[\p{C}\p{Zl}\p{Zp}]/u.test(c) ? '\ufffd' : c)
  const room = [...before, ...line.slice(0, from - first)].reduce((n, c) => n + (WIDE.test(c) ? 2 : 1), 0)
  const to = end > said.length ? all.length + end - said.length : count(end)
  return `  ${before}${line.join('')}${after}\n  ${' '.repeat(room)}${'^'.repeat(Math.max(1, Math.min(to, first + 90) - from))}`
}
return { template, filled, sign, applied, width, clip, shown, bracketed, pointed }
})()
