// What zlib packed, unpacked at once (a browser's own way answers later): RFC 1951, blocks of all three kinds.
function unpack(packed) {
  const input = Uint8Array.from(atob(packed), c => c.charCodeAt(0)), out = []
  let at = 0, bit = 0
  function bits(n) {
    let x = 0
    for (let i = 0; i < n; i++) {
      x |= (input[at] >> bit & 1) << i
      if (++bit === 8) { bit = 0; at++ }
    }
    return x
  }
  function code(lengths) {  // how many codes there are of each length, and their symbols in order (3.2.2)
    const count = Array(16).fill(0), symbols = []
    for (let n = 1; n < 16; n++) lengths.forEach((length, symbol) => { if (length === n) { count[n]++; symbols.push(symbol) } })
    return { count, symbols }
  }
  function next({ count, symbols }) {
    for (let n = 1, word = 0, first = 0, index = 0; n < 16; n++) {
      word |= bits(1)
      if (word - count[n] < first) return symbols[index + word - first]
      index += count[n]
      first = first + count[n] << 1
      word <<= 1
    }
    throw new Error('this page is damaged')
  }
  function codes() {  // of a block that brings its own (3.2.7)
    const literals = bits(5) + 257, distances = bits(5) + 1, known = Array(19).fill(0), lengths = []
    for (let i = bits(4) + 4, k = 0; k < i; k++) known[[16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15][k]] = bits(3)
    for (const own = code(known); lengths.length < literals + distances;) {
      const symbol = next(own)
      if (symbol < 16) lengths.push(symbol)
      else for (let again = symbol === 16 ? 3 + bits(2) : symbol === 17 ? 3 + bits(3) : 11 + bits(7), x = symbol === 16 ? lengths.at(-1) : 0; again > 0; again--) lengths.push(x)
    }
    return [code(lengths.slice(0, literals)), code(lengths.slice(literals))]
  }
  const fixed = [code(Array.from({ length: 288 }, (_, i) => i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8)), code(Array(30).fill(5))]
  for (let last = 0; !last;) {
    last = bits(1)
    const kind = bits(2)
    if (!kind) {  // as it is, from the next byte on
      at += bit ? 1 : 0
      bit = 0
      const length = input[at] | input[at + 1] << 8
      for (const end = (at += 4) + length; at < end; at++) out.push(input[at])
      continue
    }
    const [literals, distances] = kind === 1 ? fixed : codes()
    for (let symbol; (symbol = next(literals)) !== 256;) {
      if (symbol < 256) { out.push(symbol); continue }
      const i = symbol - 257, more = i < 8 || i === 28 ? 0 : (i >> 2) - 1  // lengths and distances (3.2.5)
      const length = (i < 8 ? 3 + i : i === 28 ? 258 : (4 + (i & 3) << more) + 3) + bits(more)
      const d = next(distances), far = d < 4 ? 0 : (d >> 1) - 1, distance = (d < 4 ? 1 + d : (2 + (d & 1) << far) + 1) + bits(far)
      for (let k = 0; k < length; k++) out.push(out[out.length - distance])
    }
  }
  return new TextDecoder().decode(Uint8Array.from(out))
}
