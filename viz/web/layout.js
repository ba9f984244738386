// The layout of circuits: viz/layout.py and viz/circuits in their order and under their names. A test holds the two equal.
const layOut = (() => {
'use strict'
const sum = list => list.reduce((a, b) => a + b, 0)
const most = (list, none = -Infinity) => list.reduce((a, b) => Math.max(a, b), list.length ? -Infinity : none)
const least = (list, none = Infinity) => list.reduce((a, b) => Math.min(a, b), list.length ? Infinity : none)
const pairwise = list => list.slice(1).map((b, k) => [list[k], b])
const range = n => [...Array(n).keys()]
const several = (map, key) => map.get(key) ?? map.set(key, []).get(key)
function compare(a, b) {  // as Python compares tuples
  const k = a.findIndex((x, i) => x !== b[i])
  return k < 0 ? 0 : a[k] < b[k] ? -1 : 1
}
const by = key => (a, b) => compare(key(a), key(b))
function bisect(list, x) {  // the place behind all that are not greater
  let low = 0, high = list.length
  while (low < high) { const middle = low + high >> 1; if (x < list[middle]) high = middle; else low = middle + 1 }
  return low
}
function even(x) {  // rounded, halves to even
  const low = Math.floor(x), rest = x - low
  return rest < .5 || rest === .5 && low % 2 === 0 ? low : low + 1
}

// ── blocks ──

const ENTRY = 14, END = 2, SIDE = 14
class Block {
  constructor(node, names, labels) {
    Object.assign(this, { node, names, labels, stem: node.stem })
    const wired = names.filter(name => name < 0).length, { stem } = node
    this.side = node.kind === 'gate' && names.length === 2 && wired === 1 ? names[0] >= 0 ? 0 : 1 : -1
    this.lines = this.placed()
    this.round = node.kind === 'gate' && node.along === node.across && this.lines.length < 3
    const lines = this.lines, wide = this.round || this.side >= 0 || lines.length < 2 || node.kind !== 'gate'
    this.across = wide ? node.across : Math.max(node.across, 2 * Math.max(-lines[0], lines.at(-1)) + 26)
    const half = this.across / 2
    this.before = most([half, stem ? stem.before : 0, ...labels.map((label, i) => label.before - lines[i])])
    this.after = most([half, stem ? stem.after : 0, ...labels.map((label, i) => label.after + lines[i])])
    this.named = most([0, ...names])
    this.head = this.named + most(labels.map(label => label.along), 0)
    this.anchor = this.head + (names.length ? node.kind === 'output' ? END : ENTRY : 0) + node.along / 2
    this.along = this.anchor + node.along / 2 + (stem ? stem.along : 0)
  }
  placed() {
    const { labels, node } = this
    if (labels.length < 2) return labels.map(() => 0)
    const steps = [0]
    for (const [above, below] of pairwise(labels)) steps.push(steps.at(-1) + Math.ceil(above.after + below.before))
    if (this.side >= 0) {
      const apart = Math.max(steps[1], Math.ceil(node.across / 2) + SIDE)
      return this.side === 0 ? [-apart, 0] : [0, apart]
    }
    const middle = Math.floor(steps.at(-1) / 2)
    return steps.map(step => step - middle)
  }
  form() {
    const { node, names } = this
    return [node.kind, node.ordered, node.along === node.across, !!node.stem, names.map(name => name >= 0)]
  }
  entering(line, along, across) {
    const y = this.lines[line], end = this.head, left = this.anchor - along / 2
    if (line === this.side) return [[this.anchor, y], [this.anchor, Math.sign(y) * across / 2]]
    if (!this.round || Math.abs(y) < .5) return [[left, y]]
    const angle = 36 * (Math.PI / 180)
    const tip = [this.anchor - along / 2 * Math.cos(angle), Math.sign(y) * (along / 2 * Math.sin(angle))]
    const slope = (Math.abs(y) - Math.abs(tip[1])) / Math.tan(angle)
    return [[tip[0] - slope < end ? end : tip[0] - slope, y], tip]
  }
}
const widest = labels => labels.length ? { along: most(labels.map(l => l.along)), before: most(labels.map(l => l.before)),
  after: most(labels.map(l => l.after)) } : null
function alike(blocks) {
  const [first] = blocks, node = { ...first.node, along: most(blocks.map(b => b.node.along)), across: most(blocks.map(b => b.node.across)),
    stem: widest(blocks.map(b => b.stem).filter(Boolean)) }
  return new Block(node, first.names.map((_, i) => most(blocks.map(b => b.names[i]))), first.labels.map((_, i) => widest(blocks.map(b => b.labels[i]))))
}

// ── channels ──

const PITCH = 9, CROWD = 24, EDGE = 10, NEAR = 5, CLASH = 1e6, MANY_NETS = 300
function net(value, left, right) {
  const low = least([...left, ...right]), high = most([...left, ...right])
  return { value, left, right, low, high, track: -1, straight: low === high, falls: !left.length || left[0] - low < high - left[0] }
}
const pitch = count => count <= CROWD ? PITCH : Math.max(2, even(2 * PITCH * CROWD / count) / 2)
const room = (count, none = 0) => count ? 2 * EDGE + pitch(count) * (count - 1) : none
function price(a, b) {
  let cost = 0
  for (const y of a.right) {
    if (b.low < y && y < b.high) cost++
    for (const z of b.left) if (-NEAR < y - z && y - z < NEAR) cost += CLASH
  }
  for (const y of b.left) if (a.low < y && y < a.high) cost++
  return cost
}
const meet = (a, b) => a.low - NEAR < b.high && b.low - NEAR < a.high
function routed(nets) {
  const bent = nets.filter(net => !net.straight)
  let total = 0
  for (const other of nets) if (other.straight) for (const net of bent) total += net.low < other.low && other.low < net.high
  if (!bent.length) return [0, total]
  bent.sort(by(net => [net.falls, net.falls ? -net.low : net.low, net.value]))
  const order = arranged(bent)
  let tracks = 0
  order.forEach((net, i) => {
    let at = -1
    for (const other of order.slice(0, i))
      if (other.track > at && net.low - NEAR < other.high && other.low < net.high + NEAR) at = other.track
    net.track = at + 1
    tracks = Math.max(tracks, at + 2)
  })
  order.forEach((a, i) => { for (const b of order.slice(i + 1)) if (meet(a, b)) total += price(a, b) })
  return [tracks, total]
}
function arranged(nets) {
  const n = nets.length
  if (n > MANY_NETS) return swapped([...nets])
  const gain = nets.map(() => Array(n).fill(0))
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) if (meet(nets[i], nets[j])) {
    gain[i][j] = price(nets[i], nets[j]) - price(nets[j], nets[i])
    gain[j][i] = -gain[i][j]
  }
  const order = range(n)
  for (let k = 0; k < 6 && sifted(order, gain); k++);
  return order.map(i => nets[i])
}
function sifted(order, gain) {
  let moved = false
  for (const i of [...order]) {
    const at = order.indexOf(i)
    let best = 0, place = at, cost = 0
    for (let k = at - 1; k >= 0; k--) { cost += gain[i][order[k]]; if (cost < best) [best, place] = [cost, k] }
    cost = 0
    for (let k = at + 1; k < order.length; k++) { cost -= gain[i][order[k]]; if (cost < best) [best, place] = [cost, k] }
    if (place !== at) { order.splice(at, 1); order.splice(place, 0, i); moved = true }
  }
  return moved
}
function swapped(nets) {
  for (let turn = 0; turn < 20; turn++) {
    let moved = false
    for (let k = 0; k < nets.length - 1; k++) {
      const a = nets[k], b = nets[k + 1]
      if (meet(a, b) && price(a, b) > price(b, a)) { nets[k] = b; nets[k + 1] = a; moved = true }
    }
    if (!moved) break
  }
  return nets
}

// ── order ──

const SWEEPS = 16, STALE = 4, MANY_LINKS = 300, LARGE = 1500
const element = (item, value, before, after, left, right, tile = false) =>
  ({ item, value, before, after, left, right, tile: item >= 0 && tile, y: 0, rank: 0 })
const bend = link => link.right.y - link.left.y - link.rise
function linksBetween(left, right) {
  const source = new Map(), links = []
  for (const e of left) e.right.forEach(([value, offset], k) => source.set(value, [e, (k + 1) / (e.right.length + 1), offset]))
  for (const e of right) e.left.forEach(([value, into], k) => {
    if (!source.has(value)) return
    const [origin, part, out] = source.get(value)
    links.push({ value, left: origin, right: e, leftPart: part, rightPart: (k + 1) / (e.left.length + 1), rise: out - into, weight: 1 })
  })
  return links
}
function weigh(links) {
  const first = new Map()
  for (const link of links) {
    const best = first.get(link.value)
    if (!best || compare([link.right.rank, link.rightPart], [best.right.rank, best.rightPart]) < 0) first.set(link.value, link)
  }
  for (const link of links) link.weight = first.get(link.value) === link ? [1, 2, 8][(link.left.item < 0) + (link.right.item < 0)] : .05
}
function crossings(links) {
  const ends = links.map(link => [link.left.rank + link.leftPart, link.right.rank + link.rightPart]).sort(compare), seen = []
  let count = 0
  for (const [, end] of ends) {
    const at = bisect(seen, end)
    count += seen.length - at
    seen.splice(at, 0, end)
  }
  return count
}
const rank = columns => columns.forEach(column => column.forEach((e, k) => { e.rank = k }))
function arrangeColumns(columns) {
  const links = pairwise(columns).map(([a, b]) => linksBetween(a, b)), all = sum(links.map(l => l.length)), share = all <= MANY_LINKS ? 1 : 2
  rank(columns)
  let best = columns.map(column => [...column]), cost = sum(links.map(crossings)), stale = 0
  for (let sweep = 0; sweep < Math.floor(SWEEPS / share); sweep++) {
    if (!cost || stale >= Math.floor(STALE / share)) break
    if (sweep % 2 === 0) for (let k = 1; k < columns.length; k++) sortColumn(columns[k], links[k - 1], true)
    else for (let k = columns.length - 2; k >= 0; k--) sortColumn(columns[k], links[k], false)
    if (all <= LARGE) swapAll(columns, links)
    const now = sum(links.map(crossings))
    stale++
    if (now < cost) { best = columns.map(column => [...column]); cost = now; stale = 0 }
  }
  columns.splice(0, columns.length, ...best)
  rank(columns)
}
function shuffle(columns, state) {
  for (const column of columns) for (let k = column.length - 1; k > 0; k--) {
    state = Number((BigInt(state) * 1103515245n + 12345n) % 2147483648n)
    const other = Math.floor(state / 65536) % (k + 1)
    ;[column[k], column[other]] = [column[other], column[k]]
  }
}
function sortColumn(column, links, forward) {
  const places = new Map()
  for (const link of links) several(places, forward ? link.right : link.left)
    .push(forward ? link.left.rank + link.leftPart : link.right.rank + link.rightPart)
  const moving = column.filter(e => places.has(e)), slots = column.flatMap((e, k) => places.has(e) ? [k] : [])
  const keys = new Map([...places].map(([e, list]) => [e, sum(list) / list.length]))
  moving.sort((a, b) => keys.get(a) - keys.get(b))
  slots.forEach((slot, k) => { column[slot] = moving[k] })
  rank([column])
}
function swapAll(columns, links) {
  const before = new Map(), after = new Map()
  for (const link of links.flat()) {
    several(before, link.right).push([link.left, link.leftPart])
    several(after, link.left).push([link.right, link.rightPart])
  }
  for (let turn = 0; turn < 3; turn++) {
    let moved = false
    for (const column of columns) for (let k = 0; k < column.length - 1; k++) {
      const a = column[k], b = column[k + 1]
      let gain = 0
      for (const ends of [before, after]) {
        const here = (ends.get(a) ?? []).map(([e, part]) => e.rank + part), there = (ends.get(b) ?? []).map(([e, part]) => e.rank + part)
        for (const x of here) for (const y of there) gain += (x > y) - (x < y)
      }
      if (gain > 0) { column[k] = b; column[k + 1] = a; a.rank = k + 1; b.rank = k; moved = true }
    }
    if (!moved) break
  }
}

// ── heights ──

const GAP = 8, LANES = 9, TILES = 14, SLACK = 3, TURNS = 4, WORK = 60000, MANY = 1000
const apart = (a, b) => a.after + b.before + (a.item < 0 && b.item < 0 ? LANES : a.tile && b.tile ? TILES : GAP)
function settle(columns, links) {
  for (const column of columns) {
    let y = 0
    column.forEach((e, k) => { y = k ? y + apart(column[k - 1], e) : 0; e.y = y })
  }
  const n = columns.length, before = [[], ...links], turns = sum(links.map(l => l.length)) < MANY ? TURNS : TURNS / 2
  for (let turn = 0; turn < turns; turn++) {
    for (let k = 0; k < n; k++) settleColumn(columns[k], before[k], turn < 1 || k === n - 1 ? [] : links[k])
    for (let k = n - 1; k >= 0; k--) settleColumn(columns[k], turn ? before[k] : [], k < n - 1 ? links[k] : [])
  }
  straighten(columns, links)
}
function settleColumn(column, before, after) {
  const wanted = new Map(), shifts = []
  for (const link of before) several(wanted, link.right).push([link.left.y + link.rise, link.weight])
  for (const link of after) several(wanted, link.left).push([link.right.y - link.rise, link.weight])
  let shift = 0
  column.forEach((e, k) => { shift += k ? apart(column[k - 1], e) : 0; shifts.push(shift) })
  const places = isotonic(column.map((e, k) => wanted.has(e) ? wanted.get(e).map(([y, w]) => [y - shifts[k], w]) : [[e.y - shifts[k], .01]]))
  column.forEach((e, k) => { e.y = places[k] + shifts[k] })
}
function isotonic(wanted) {
  const groups = []
  for (const wishes of wanted) {
    let group = [...wishes].sort(compare), place = median(group), count = 1
    while (groups.length && groups.at(-1)[0] > place) {
      const [, others, more] = groups.pop()
      group = [...others, ...group].sort(compare)
      place = median(group)
      count += more
    }
    groups.push([place, group, count])
  }
  return groups.flatMap(([place, , count]) => Array(count).fill(place))
}
function median(wishes) {
  let half = sum(wishes.map(([, weight]) => weight)) / 2
  for (const [value, weight] of wishes) { half -= weight; if (half <= 1e-9) return value }
  return wishes.at(-1)[0]
}
function straighten(columns, links) {
  const place = new Map(), held = new Map(), every = links.flat()
  columns.forEach((column, k) => column.forEach((e, i) => place.set(e, [k, i])))
  for (const link of every) { several(held, link.left).push(link); several(held, link.right).push(link) }
  let work = WORK
  for (let turn = 0; turn < 3; turn++) {
    let moved = false
    const keyed = every.map(link => [-link.weight, Math.abs(bend(link)), link]).sort((a, b) => a[0] - b[0] || a[1] - b[1])
    for (const [, , link] of keyed) {
      const now = bend(link)
      for (const [start, by] of [[link.right, -now], [link.left, now]]) if (bend(link) && work > 0) {
        const group = heldBy(start, held)
        work -= group.size
        for (const e of group) work -= held.get(e)?.length ?? 0
        moved = shifted(group, by, columns, place, held) || moved
      }
    }
    if (!moved) break
  }
}
function heldBy(start, held) {
  const group = new Set([start]), todo = [start]
  while (todo.length) {
    const e = todo.pop()
    for (const link of held.get(e) ?? []) if (link.right.y - link.left.y === link.rise) {
      const other = link.left === e ? link.right : link.left
      if (!group.has(other)) { group.add(other); todo.push(other) }
    }
  }
  return group
}
function shifted(group, by, columns, place, held) {
  let better = 0
  for (const e of group) {
    const [k, i] = place.get(e), other = columns[k][i + (by > 0 ? 1 : -1)]
    if (other && !group.has(other)) {
      const [above, below] = by > 0 ? [e, other] : [other, e]
      if (below.y - above.y - apart(above, below) + (Math.abs(by) <= SLACK ? SLACK : 0) < Math.abs(by)) return false
    }
  }
  for (const e of group) for (const link of held.get(e) ?? []) {
    const into = group.has(link.right)
    if (group.has(link.left) === into) continue
    const now = bend(link), after = now + (into ? by : -by)
    better += link.weight * (Math.abs(now) - Math.abs(after) + 8 * ((after === 0) - (now === 0)))
  }
  if (better <= 0) return false
  for (const e of group) e.y += by
  return true
}

// ── layers ──

function layerings(items, edges, sources) {
  const before = range(items).map(() => []), after = range(items).map(() => []), known = new Set()
  for (const [a, b] of edges.sort(compare)) {
    if (known.has(`${a},${b}`)) continue
    known.add(`${a},${b}`)
    before[b].push(a)
    after[a].push(b)
  }
  const missing = before.map(list => list.length), order = range(items).filter(i => !missing[i])
  for (const i of order) for (const j of after[i]) if (!--missing[j]) order.push(j)
  const soon = Array(items).fill(0)
  for (const i of order) soon[i] = most(before[i].map(j => soon[j] + 1), 0)
  const last = most(soon, 0), late = Array(items).fill(last)
  for (const i of [...order].reverse()) late[i] = least(after[i].map(j => late[j] - 1), before[i].length ? last : soon[i])
  const found = []
  for (const columns of [tightened([...late], order, before, after), soon, late]) {
    let placed = columns.map((column, i) => sources.has(i) ? least(after[i].map(j => columns[j] - 1), column) : column)
    const used = [...new Set(placed)].sort((a, b) => a - b)
    placed = placed.map(column => used.indexOf(column))
    if (!found.some(other => `${other}` === `${placed}`)) found.push(placed)
  }
  return found
}
function tightened(columns, order, before, after) {
  for (let turn = 0; turn < 8; turn++) {
    let moved = false
    for (const i of order) {
      if (!before[i].length) continue
      const low = most(before[i].map(j => columns[j] + 1)), high = least(after[i].map(j => columns[j] - 1), columns[i])
      const pulls = before[i].filter(j => most(after[j].filter(u => u !== i).map(u => columns[u]), -1) < columns[i]).length
      const push = after[i].length ? 1 : 0, target = pulls > push ? low : pulls < push ? high : columns[i]
      if (target !== columns[i] && low <= target && target <= high) { columns[i] = target; moved = true }
    }
    if (!moved) break
  }
  return columns
}
function cut(count, along, price, limit) {
  const best = [0, ...Array(count).fill(Infinity)], start = Array(count + 1).fill(0), rows = []
  for (let j = 1; j <= count; j++) for (let i = j - 1; i >= 0; i--) {
    const over = along(i, j) - limit
    if (over > 0 && i < j - 1) break
    const cost = best[i] + price(i, j) + Math.max(over, 0)
    if (cost < best[j] - 1e-9) { best[j] = cost; start[j] = i }
  }
  for (let j = count; j > 0;) { j = start[j]; rows.unshift(j) }
  return rows
}

// ── rows ──

const BESIDE = 3, ROW = 30, RETURN = 25, RAGGED = 60, ALONE = 150
function levelOf(items, enters, leaves, name) {
  const maker = new Map(), users = new Map()
  items.forEach((item, i) => item.outs.forEach(([value]) => maker.set(value, i)))
  items.forEach((item, i) => item.ins.forEach(([value]) => several(users, value).push(i)))
  return { items, enters, leaves, name, maker, users }
}
class Rows {
  constructor(level, columns, limit) {
    Object.assign(this, { level, items: level.items, given: columns, limit })
    const { items } = level
    let starts = this.cut(columns, limit)
    this.bus = this.shared(columns, starts)
    if (this.bus.size) {
      starts = this.cut(columns, limit - most([...this.bus].map(i => items[i].along)) - room(this.bus.size))
      this.bus = this.shared(columns, starts)
    }
    const inside = range(items.length).filter(i => !this.bus.has(i)), kept = [...new Set(inside.map(i => columns[i]))].sort((a, b) => a - b)
    const grouped = new Map(), at = new Map()
    for (const column of kept) several(grouped, bisect(starts, column)).push(column)
    ;[...grouped.values()].forEach((list, r) => list.forEach((column, k) => at.set(column, [r, k])))
    this.place = new Map(inside.map(i => [i, at.get(columns[i])]))
    this.lengths = [...grouped.values()].map(list => list.length)
    this.several = this.lengths.length > 1 || this.bus.size > 0
    this.flips = []
  }
  shared(columns, starts) {
    const row = columns.map(column => bisect(starts, column)), { users } = this.level
    return new Set(range(this.items.length).filter(i => this.items[i].kind === 'name'
      && this.items[i].outs.some(([value]) => (users.get(value) ?? []).some(user => row[user] !== row[i]))))
  }
  cut(columns, limit) {
    const { items } = this, count = most(columns, -1) + 1, long = Array(count).fill(0), high = Array(count).fill(0), results = Array(count).fill(true)
    items.forEach((item, i) => {
      const k = columns[i]
      long[k] = Math.max(long[k], item.along)
      high[k] += item.before + item.after + GAP
      results[k] = results[k] && item.kind === 'result'
    })
    const passing = Array(count + 1).fill(0), returning = Array(count + 1).fill(0), shared = Array(count + 1).fill(0)
    for (const [value, users] of this.level.users) {
      const maker = this.level.maker.get(value), made = maker !== undefined
      for (let k = (made ? columns[maker] : -1) + 1; k <= most(users.map(i => columns[i])); k++) {
        passing[k]++
        returning[k] += made && items[maker].kind !== 'name'
        shared[k] += made && items[maker].kind === 'name'
      }
    }
    const sums = [0]
    for (let k = 0; k < count; k++) sums.push(sums[k] + long[k] + (passing[k] > 1 ? 2 * EDGE : BESIDE))
    const along = (i, j) => sums[j] - sums[i] + room((i ? returning[i] : 0) + (j < count ? returning[j] : 0))
    return cut(count, along, (i, j) => {
      let cost = ROW + most(high.slice(i, j))
      if (i && results.slice(i, j).every(Boolean)) cost += ALONE
      const short = limit > 0 ? Math.max(0, 1 - along(i, j) / limit) : 0
      cost += (j < count ? RAGGED : RAGGED / 2) * short * short
      return j < count ? cost + RETURN * (returning[j] + shared[j]) : cost
    }, limit)
  }
  columns() {
    const rows = this.lengths.map(length => range(length + 2).map(() => [])), { users, leaves } = this.level
    for (const [i, [r, k]] of this.place) {
      const item = this.items[i]
      rows[r][k + 1].push(element(i, -1, item.before, item.after, item.ins, item.outs, item.kind === 'tile'))
    }
    for (const value of [...new Set([...users.keys(), ...leaves])].sort((a, b) => a - b)) this.lane(value, rows)
    const key = e => e.item >= 0 ? e.item : (users.has(e.value) ? least(users.get(e.value)) : this.items.length) - .5
    for (const column of rows.flat()) column.sort((a, b) => key(a) - key(b))
    return rows
  }
  lane(value, rows) {
    const { level, lengths } = this, maker = level.maker.get(value), last = new Map()
    const [home, start] = (maker !== undefined && this.place.get(maker)) || [-1, -1]
    for (const user of level.users.get(value) ?? []) {
      const [r, k] = this.place.get(user)
      last.set(r, Math.max(last.get(r) ?? 0, k))
    }
    if (home >= 0 && (level.leaves.includes(value) || [...last.keys()].some(r => r !== home))) last.set(home, lengths[home] + 1)
    for (const [r, k] of last) for (let column = r === home ? start + 1 : -1; column < k; column++)
      rows[r][column + 1].push(element(-1, value, 0, 0, [[value, 0]], [[value, 0]]))
  }
  ordered(seed) {
    const rows = this.columns(), flat = rows.flat()
    if (seed) shuffle(flat, seed)
    arrangeColumns(flat)
    this.flip(flat)
    return rows.map(row => row.map(() => flat.shift()))
  }
  flip(columns) {
    this.flips = this.items.map(() => false)
    for (const [left, right] of pairwise(columns)) {
      const height = new Map(left.flatMap(e => e.right.map(([value], k) => [value, [e.rank, k]])))
      for (const e of right) if (e.item >= 0 && this.items[e.item].swap) {
        const [[a, y], [b, z]] = e.left
        if (height.has(a) && height.has(b) && compare(height.get(a), height.get(b)) > 0) {
          e.left = [[b, y], [a, z]]
          this.flips[e.item] = true
        }
      }
    }
  }
}

// ── tiles ──

const PAD = 12, TITLE = 24, CROSSING = 60, OVER = 30, OUTSIDE = 300, SPARE = 58, FAR = 20000, SHORTENED = 4, SEEDS = 8, TRIED = 200, SMALL = 90
const overflow = (along, limit) => along > limit ? OUTSIDE + OVER * (along - limit) + (along > limit + SPARE ? FAR : 0) : 0
function bestTile(level, limit) {
  const edges = [...level.users].flatMap(([value, users]) => level.maker.has(value) ? users.map(i => [level.maker.get(value), i]) : [])
  const found = layerings(level.items.length, edges, new Set(range(level.items.length).filter(i => level.items[i].kind === 'name')))
  const small = level.items.length <= SMALL
  let best = null
  for (const columns of small ? found : found.slice(0, 1)) {
    let budget = limit
    for (let k = 0; k < SHORTENED; k++) {
      const tile = new Placement(new Rows(level, columns, budget)).tile(limit)
      if (!best || tile.score < best.score) best = tile
      if (tile.along <= limit || tile.score - overflow(tile.along, limit) > best.score) break
      budget -= Math.max(tile.along - limit, limit / 20)
    }
  }
  return best
}
const ordersToTry = tile => tile.crossings ? Math.min(SEEDS, Math.floor(TRIED / tile.places.length)) : 0
function refinedTile(level, limit, tile) {
  const rows = new Rows(level, tile.columns, tile.budget)
  let best = new Placement(rows).tile(limit)
  for (let seed = 1, last = ordersToTry(best); seed <= last; seed++) {
    const other = new Placement(rows, seed).tile(limit)
    if (other.score < best.score) best = other
  }
  return best
}
class Placement {
  constructor(rows, seed = 0) {
    Object.assign(this, { rows, level: rows.level, items: rows.items, pieces: [], crossings: 0, pad: rows.level.name === null ? 0 : PAD })
    this.columns = rows.ordered(seed)
    this.places = this.items.map(() => [0, 0])
  }
  tile(limit) {
    const { level, rows } = this, lines = this.stack(), left = this.left(lines), ends = [], nets = [], ins = Array(level.enters).fill(0)
    this.columns.forEach((row, r) => {
      const [inner, end, net] = this.row(r, row, left, lines)
      ends.push([inner, end])
      nets.push(net)
    })
    const along = most([...ends.map(([, end]) => end), (level.name ?? 0) - this.pad]) + this.pad
    this.columns.forEach((row, r) => this.right(row, nets[r], ends[r][0], along))
    this.returns(lines, nets)
    const all = [...this.columns.flat(2), ...this.bus], low = least(all.map(e => e.y - e.before), 0)
    const high = most([...all.map(e => e.y + e.after), ...lines.flatMap(ys => [...ys.values()])], 0)
    const top = (this.pad ? TITLE : 0) - low, across = high + top + this.pad
    const outs = this.columns.flatMap(row => row.at(-1).filter(e => level.leaves.includes(e.value)).map(e => [e.value, e.y + top]))
    for (const e of rows.several ? this.bus : this.columns.length ? this.columns[0][0] : [])
      if (0 <= e.value && e.value < level.enters) ins[e.value] = e.y + top
    const pieces = this.pieces.filter(([, x, y, x2, y2]) => x !== x2 || y !== y2).map(([value, x, y, x2, y2]) => [value, x, y + top, x2, y2 + top])
    let score = CROSSING * this.crossings + across + .2 * along + overflow(along, limit)
    score += .02 * sum(pieces.map(([, x, y, x2, y2]) => Math.abs(x2 - x) + Math.abs(y2 - y)))
    return { along, across, ins, outs, places: this.places.map(([x, y]) => [x, y + top]), flips: rows.flips, pieces,
      crossings: this.crossings, score, columns: rows.given, budget: rows.limit }
  }
  stack() {
    this.bus = []
    const lines = []
    let top = 0
    this.columns.forEach((row, r) => {
      const links = pairwise(row).map(([a, b]) => linksBetween(a, b))
      links.forEach(weigh)
      settle(row, links)
      this.part(row)
      const all = row.flat(), down = top - least(all.map(e => e.y - e.before))
      for (const e of all) e.y += down
      const bottom = most(all.map(e => e.y + e.after)), back = [...row.at(-1)].reverse().map(e => e.value).filter(value => this.returned(value, r))
      lines.push(new Map(back.map((value, k) => [value, bottom + EDGE + pitch(back.length) * k])))
      top = bottom + room(back.length, 2 * EDGE)
    })
    return lines
  }
  returned(value, r) {
    return (this.level.users.get(value) ?? []).some(user => this.rows.place.get(user)[0] > r)
  }
  nets(left, right) {
    const into = new Map()
    for (const e of right) for (const [value, offset] of e.left) several(into, value).push(e.y + offset)
    return left.flatMap(e => e.right.filter(([value]) => into.has(value)).map(([value, offset]) => net(value, [e.y + offset], into.get(value))))
  }
  part(row) {
    for (const [left, right] of pairwise(row)) for (let turn = 0; turn < 12; turn++) {
      const nets = this.nets(left, right)
      if (routed(nets)[1] < CLASH) break
      const clash = (a, b) => a !== b && a.track < b.track && !a.straight
      const at = nets.flatMap(a => nets.flatMap(b => clash(a, b) ? a.right.filter(y => b.left.some(z => Math.abs(y - z) < NEAR)) : []))[0]
      let lowered = false
      right.forEach((e, k) => {
        lowered ||= e.left.some(([, offset]) => e.y + offset === at)
        if (lowered) e.y = Math.max(e.y + 6, k ? right[k - 1].y + apart(right[k - 1], e) : e.y)
      })
    }
  }
  left(lines) {
    const { level, pad, pieces, items } = this
    if (!this.rows.several) {
      for (const e of this.columns.length ? this.columns[0][0] : []) pieces.push([e.value, 0, e.y, pad, e.y])
      return pad
    }
    const entries = new Map(), sources = new Map(), nets = []
    for (const row of this.columns) for (const e of row[0]) several(entries, e.value).push(e.y)
    this.bus = this.busOf(entries)
    const wide = most(this.bus.filter(e => e.item >= 0).map(e => items[e.item].along), 0)
    for (const e of this.bus) for (const [value, offset] of e.right) sources.set(value, e.y + offset)
    for (const [value, right] of entries) {
      const gaps = lines.filter(ys => ys.has(value)).map(ys => ys.get(value))
      nets.push(net(value, sources.has(value) ? [sources.get(value)] : [], [...right, ...gaps]))
    }
    const [count, crossed] = routed(nets), begin = pad + wide, end = begin + room(count, BESIDE)
    this.crossings += crossed
    this.tracks = new Map(nets.map(net => [net.value, begin + EDGE + pitch(count) * net.track]))
    for (const e of this.bus) {
      if (e.item >= 0) this.places[e.item] = [begin - items[e.item].along, e.y]
      else pieces.push([e.value, 0, e.y, begin, e.y])
    }
    for (const net of nets) this.comb(net, this.tracks.get(net.value), begin, new Map(entries.get(net.value).map(y => [y, end])))
    return end
  }
  busOf(entries) {
    const bus = this.items.flatMap((item, i) => this.rows.bus.has(i) ? [element(i, -1, item.before, item.after, [], item.outs)] : [])
    for (const value of entries.keys()) if (value < this.level.enters) bus.push(element(-1, value, 0, 0, [], [[value, 0]]))
    const wish = e => least(e.right.map(([value, offset]) => entries.get(value)[0] - offset))
    bus.sort((a, b) => wish(a) - wish(b))
    let y = -1e9
    bus.forEach((e, k) => { y = e.y = Math.max(wish(e), k ? y + apart(bus[k - 1], e) : -1e9) })
    return bus
  }
  row(r, row, x, lines) {
    row.forEach((column, k) => {
      const items = column.filter(e => e.item >= 0).map(e => this.items[e.item]), anchor = most(items.map(item => item.anchor), 0)
      const end = x + most(items.map(item => item.kind === 'tile' ? item.along : anchor + item.along - item.anchor), 0)
      for (const e of column) {
        if (e.item < 0) { this.pieces.push([e.value, x, e.y, end, e.y]); continue }
        const item = this.items[e.item], left = item.kind === 'tile' ? x : x + anchor - item.anchor
        this.places[e.item] = [left, e.y]
        for (const [value, offset] of e.left) this.pieces.push([value, x, e.y + offset, left, e.y + offset])
        for (const [value, offset] of e.right) this.pieces.push([value, left + item.along, e.y + offset, end, e.y + offset])
      }
      if (k + 1 === row.length) return
      const nets = this.nets(column, row[k + 1]), [count, crossed] = routed(nets)
      this.crossings += crossed
      x = end + room(count, 0 < k && k < row.length - 2 ? BESIDE : 0)
      for (const net of nets) this.comb(net, end + EDGE + pitch(count) * net.track, end, new Map(net.right.map(y => [y, x])))
    })
    const back = [], straight = []
    for (const e of row.at(-1)) {
      if (lines[r].has(e.value)) back.push(net(e.value, [e.y, lines[r].get(e.value)], this.level.leaves.includes(e.value) ? [e.y] : []))
      else straight.push(net(e.value, [e.y], [e.y]))
    }
    const [count, crossed] = routed([...back, ...straight])
    this.crossings += crossed
    return [x, x + room(count), new Map(back.map(net => [net.value, x + EDGE + pitch(count) * net.track]))]
  }
  comb(net, x, begin, ends) {
    const { value } = net
    if (net.straight) { for (const [y, end] of ends) this.pieces.push([value, begin, y, end, y]); return }
    for (const y of net.left) this.pieces.push([value, begin, y, x, y])
    for (const [y, end] of ends) this.pieces.push([value, x, y, end, y])
    for (const [y, z] of pairwise([...new Set([...net.left, ...net.right])].sort((a, b) => a - b))) this.pieces.push([value, x, y, x, z])
  }
  right(row, tracks, start, along) {
    for (const { value, y } of row.at(-1)) {
      const track = tracks.get(value) ?? start
      this.pieces.push([value, start, y, track, y])
      if (this.level.leaves.includes(value)) this.pieces.push([value, track, y, along, y])
    }
  }
  returns(lines, nets) {
    this.columns.forEach((row, r) => {
      const heights = new Map(row.at(-1).map(e => [e.value, e.y]))
      for (const [value, y] of lines[r]) {
        this.pieces.push([value, nets[r].get(value), heights.get(value), nets[r].get(value), y])
        this.pieces.push([value, nets[r].get(value), y, this.tracks.get(value), y])
      }
    })
  }
}

// ── scopes ──

const AROUND = 20
class Nest {
  constructor(nodes, wires, boxes, repeated = []) {
    this.nodes = new Map(nodes.map(node => [node.id, node]))
    this.boxes = new Map(boxes.map(box => [box.id, box]))
    this.wires = new Map(wires.map(wire => [wire.id, wire]))
    this.into = new Map(nodes.map(node => [node.id, []]))
    const outof = new Map(nodes.map(node => [node.id, []]))
    for (const wire of this.wires.values()) { this.into.get(wire.target).push(wire); outof.get(wire.source).push(wire) }
    this.repeated = repeated
    const inputs = nodes.filter(node => node.kind === 'input').map(node => node.id)
    this.private = new Set([...inputs.filter(id => outof.get(id).length === 1 && !this.nodes.get(id).stem && this.nodes.get(outof.get(id)[0].target).kind === 'gate'), ...repeated])
    this.shared = inputs.filter(id => !this.private.has(id) && new Set(outof.get(id).map(wire => wire.target)).size > 1)
    this.used = new Set(nodes.map(node => node.id).filter(id => outof.get(id).length && !this.private.has(id)))
    this.blocks = new Map(nodes.filter(node => !this.private.has(node.id)).map(node => [node.id, this.block(node)]))
    this.parent = new Map(boxes.map(box => [box.id, this.boxes.has(box.parent) ? box.parent : '']))
    this.box = new Map(nodes.map(node => [node.id, this.boxes.has(node.box) ? node.box : '']))
    for (let tangled; (tangled = this.tangled()) !== null;) this.dissolve(tangled)
    this.scopes = this.nested()
  }
  block(node) {
    const wires = this.into.get(node.id)
    return new Block(node, wires.map(wire => this.private.has(wire.source) ? this.nodes.get(wire.source).along : -1), wires.map(wire => {
      const half = this.private.has(wire.source) ? this.nodes.get(wire.source).across / 2 : 0
      return { ...wire.label, before: Math.max(wire.label.before, half), after: Math.max(wire.label.after, half) }
    }))
  }
  chain(box) {
    const chain = [box]
    while (chain[0]) chain.unshift(this.parent.get(chain[0]))
    return chain
  }
  tangled() {
    const after = new Map()
    for (const wire of this.wires.values()) {
      if (this.private.has(wire.source)) continue
      const [a, b] = [wire.source, wire.target].map(id => [...this.chain(this.box.get(id)), id]), k = a.findIndex((x, i) => x !== b[i])
      const from = k < a.length - 1 ? a[k] : ` ${a[k]}`
      if (!after.has(from)) after.set(from, new Set())
      after.get(from).add(k < b.length - 1 ? b[k] : ` ${b[k]}`)
    }
    let left = new Set([...after].flatMap(([a, to]) => [a, ...to]))
    for (;;) {
      const targets = new Set([...left].flatMap(a => [...after.get(a) ?? []]))
      const fewer = new Set([...left].filter(a => targets.has(a) && [...after.get(a) ?? []].some(b => left.has(b))))
      if (fewer.size === left.size) break
      left = fewer
    }
    return [...this.boxes.keys()].reverse().find(id => left.has(id)) ?? null
  }
  dissolve(box) {
    const outer = this.parent.get(box)
    this.parent.delete(box)
    this.boxes.delete(box)
    for (const map of [this.parent, this.box]) for (const [id, at] of map) if (at === box) map.set(id, outer)
  }
  nested() {
    const scopes = new Map(), add = (id, depth) => scopes.set(id, { id, depth, items: [], enters: new Set(), leaves: new Set(), values: null, form: -1 })
    add('', 0)
    for (const id of this.blocks.keys()) pairwise([...this.chain(this.box.get(id)), id]).forEach(([outer, inner], depth) => {
      if (!scopes.has(outer)) add(outer, depth)
      const { items } = scopes.get(outer)
      if ((inner === id || !scopes.has(inner)) && !items.includes(inner)) items.push(inner)
    })
    for (const id of this.blocks.keys()) for (const { source, target } of this.into.get(id)) {
      if (this.private.has(source)) continue
      const a = this.chain(this.box.get(source)), b = this.chain(this.box.get(target))
      let k = 0
      while (k < Math.min(a.length, b.length) && a[k] === b[k]) k++
      for (const outer of a.slice(k)) scopes.get(outer).leaves.add(source)
      for (const inner of b.slice(k)) scopes.get(inner).enters.add(source)
    }
    for (const scope of scopes.values())
      scope.values = new Map([...scope.enters, ...scope.items.flatMap(id => this.made(id, scopes))].map((value, k) => [value, k]))
    return scopes
  }
  made(id, scopes) {
    return !this.blocks.has(id) ? [...scopes.get(id).leaves] : this.used.has(id) ? [id] : []
  }
}
class Tiles {
  constructor(nest, limit, inner, before = null, thorough = false) {
    Object.assign(this, { nest, limit, inner, thorough, before: before?.tiles, same: [], tiles: [], blocks: [] })
    const scopes = [...nest.scopes.values()].sort((a, b) => b.depth - a.depth)
    for (const depth of [...new Set(scopes.map(scope => scope.depth))]) {
      const forms = new Map()
      for (const scope of scopes) if (scope.depth === depth) several(forms, this.form(scope)).push(scope)
      for (const list of forms.values()) this.layOut(list)
    }
    this.crossings = sum([...nest.scopes.values()].map(scope => this.tiles[scope.form].crossings))
  }
  wires(id) {
    const { nest } = this
    return nest.blocks.has(id) ? nest.into.get(id).map(wire => wire.source).filter(source => !nest.private.has(source)) : [...nest.scopes.get(id).enters]
  }
  form(scope) {
    const { nest } = this, numbers = values => values.map(value => scope.values.get(value))
    return JSON.stringify([scope.enters.size, numbers([...scope.leaves]), scope.items.map(id =>
      [nest.blocks.has(id) ? nest.blocks.get(id).form() : nest.scopes.get(id).form, numbers(this.wires(id)), numbers(nest.made(id, nest.scopes))])])
  }
  layOut(scopes) {
    const [first] = scopes, { nest } = this, items = [], blocks = []
    first.items.forEach((id, k) => {
      const made = nest.blocks.has(id) ? alike(scopes.map(scope => nest.blocks.get(scope.items[k]))) : null
      const [ins, outs] = [this.wires(id), nest.made(id, nest.scopes)].map(values => values.map(value => first.values.get(value)))
      blocks.push(made)
      items.push(made ? itemOf(made, ins, outs) : this.tileItem(nest.scopes.get(id), ins, outs))
    })
    const name = first.id ? most(scopes.map(scope => nest.boxes.get(scope.id).along)) : null
    const level = levelOf(items, first.enters.size, [...first.leaves].map(value => first.values.get(value)), name)
    const limit = first.id ? this.inner - (first.depth - 1) * (2 * PAD + AROUND) : this.limit, k = this.tiles.length
    const same = !!this.before && this.before[k].along <= limit && first.items.every(id => !nest.scopes.has(id) || this.same[nest.scopes.get(id).form])
    this.same.push(same)
    this.tiles.push(this.thorough ? refinedTile(level, limit, this.before[k]) : same ? this.before[k] : bestTile(level, limit))
    this.blocks.push(blocks)
    for (const scope of scopes) scope.form = k
  }
  tileItem(scope, ins, outs) {
    const tile = this.tiles[scope.form], heights = new Map(tile.outs), high = (a, b) => a[1] - b[1]
    const leaving = [...scope.leaves].map((value, k) => [outs[k], heights.get(scope.values.get(value))])
    return { kind: 'tile', along: tile.along, anchor: 0, before: 0, after: tile.across,
      ins: ins.map((value, k) => [value, tile.ins[k]]).sort(high), outs: leaving.sort(high), swap: false }
  }
}
function itemOf(block, ins, outs) {
  const wired = block.lines.filter((_, k) => block.names[k] < 0), kind = { input: 'name', output: 'result' }[block.node.kind] ?? 'block'
  const same = new Set(block.labels.map(label => `${label.before},${label.after}`)).size === 1
  return { kind, along: block.along, anchor: kind === 'name' ? block.along : block.anchor, before: block.before, after: block.after,
    ins: wired.map((y, k) => [ins[k], y]), outs: outs.map(value => [value, 0]),
    swap: !block.node.ordered && wired.length === 2 && block.lines.length === 2 && ins[0] !== ins[1] && same }
}

// ── lanes ──

const RADIUS = 7, APART = 16, BRANCH = .5
const inLine = (a, b, c) => a[0] === b[0] && b[0] === c[0] || a[1] === b[1] && b[1] === c[1]
class Lanes {
  constructor(tiles) {
    const { nest } = tiles, tile = tiles.tiles[nest.scopes.get('').form]
    Object.assign(this, { nest, tiles, nodes: {}, boxes: {}, labels: {}, stemLabels: {}, stems: {}, ends: new Map(), starts: {}, near: new Map(),
      wires: {}, names: {}, forks: [] })
    const [wide, high] = this.legend(tile.along), todo = [[nest.scopes.get(''), 0, high]]
    for (const [scope, x, y] of todo) todo.push(...this.scope(scope, x, y))
    this.size = [Math.max(wide, tile.along), high + tile.across]
  }
  legend(along) {
    let x = 0, y = 0, wide = 0, high = 0
    for (const id of this.nest.repeated) {
      const block = new Block(this.nest.nodes.get(id), [], [])
      if (x && x + block.along > along) { x = 0; y = high }
      this.place(block.node, block, x, y + block.before)
      x += block.along + APART
      wide = Math.max(wide, x - APART)
      high = Math.max(high, y + block.before + block.after + GAP)
    }
    return [wide, high ? high + APART : 0]
  }
  scope(scope, x, y) {
    const tile = this.tiles.tiles[scope.form], inner = [], values = [...scope.values.keys()]
    if (scope.id) this.boxes[scope.id] = [x, y, tile.along, tile.across]
    scope.items.forEach((id, k) => {
      const [left, line] = tile.places[k]
      if (this.nest.blocks.has(id)) this.block(id, scope.form, k, x + left, y + line)
      else inner.push([this.nest.scopes.get(id), x + left, y + line])
    })
    for (const [value, ...ends] of tile.pieces) this.join(values[value], [x + ends[0], y + ends[1]], [x + ends[2], y + ends[3]])
    return inner
  }
  join(value, a, b) {
    if (a[0] === b[0] && a[1] === b[1]) return
    const near = this.near.get(value) ?? this.near.set(value, new Map()).get(value)
    several(near, `${a}`).push(b)
    several(near, `${b}`).push(a)
  }
  block(id, form, k, x, y) {
    const { nest } = this, block = this.tiles.blocks[form][k], node = nest.nodes.get(id), flip = this.tiles.tiles[form].flips[k]
    const across = block.round ? node.across : Math.max(node.across, block.across)
    nest.into.get(id).forEach((wire, line) => {
      const at = flip ? block.lines.length - 1 - line : line, height = y + block.lines[at], begin = [x + block.named, height]
      const on = block.entering(at, node.along, across).map(([a, b]) => [x + a, y + b]), source = nest.nodes.get(wire.source)
      this.labels[wire.id] = { x: begin[0], y: height, along: block.head - block.named }
      if (nest.private.has(wire.source)) {
        const name = { x: begin[0] - source.along / 2, y: height, wide: source.along, high: source.across }
        if (nest.repeated.includes(wire.source)) this.names[wire.id] = name
        else this.nodes[wire.source] = name
        this.wires[wire.id] = route([begin, ...on], new Set())
      } else (this.ends.get(wire.source) ?? this.ends.set(wire.source, new Map()).get(wire.source)).set(`${[x, height]}`, [wire.id, on])
    })
    this.place(node, block, x, y)
  }
  place(node, block, x, y) {
    const middle = x + block.anchor, right = middle + node.along / 2, end = x + block.along
    this.nodes[node.id] = { x: middle, y, wide: node.along, high: block.round ? node.across : Math.max(node.across, block.across) }
    if (node.stem) {
      const { along } = block.stem ?? node.stem
      this.stemLabels[node.id] = { x: end - along, y, along }
      this.stems[node.id] = { points: [[right, y, 0], [end, y, 0]], gaps: [] }
      this.starts[node.id] = [end, y]
    } else {
      this.starts[node.id] = [right, y]
      this.join(node.id, [right, y], [end, y])
    }
  }
  routed() {
    for (const [value, ends] of this.ends) this.lane(value, ends)
    const [gaps, crossings] = gapsOf(this.wires, this.nest.wires), wires = {}
    for (const id of this.nest.wires.keys()) wires[id] = { ...this.wires[id], gaps: gaps.get(id) ?? [] }
    const { size: [wide, high], nodes, boxes, labels, stems, stemLabels, names, forks } = this
    return { wide, high, nodes, boxes, wires, labels, stems, stemLabels, names, forks, crossings }
  }
  lane(value, ends) {
    const near = this.near.get(value) ?? new Map(), start = this.starts[value], seen = new Set([`${start}`]), forks = new Map(), found = []
    const todo = [[[start], -1]]
    for (const [way, owner] of todo) {
      while (!ends.has(`${way.at(-1)}`)) {
        const here = way.at(-1), ahead = near.get(`${here}`).filter(p => !seen.has(`${p}`))
        for (const p of ahead) seen.add(`${p}`)
        const on = ahead.find(p => way.length > 1 && inLine(way.at(-2), here, p)) ?? ahead[0]
        if (ahead.length > 1) {
          forks.set(`${here}`, here)
          for (const p of ahead) if (p !== on) todo.push([[here, p], found.length])
        }
        way.push(on)
      }
      const [wire, onward] = ends.get(`${way.at(-1)}`)
      if (owner >= 0) {
        const [[x, y], [x2, y2]] = way
        way[0] = [x + BRANCH * Math.sign(x2 - x), y + BRANCH * Math.sign(y2 - y)]
      }
      this.wires[wire] = route([...way, ...onward], forks)
      found.push(wire)
    }
    for (const [x, y] of [...forks.values()].sort(compare)) this.forks.push([x, y, value])
  }
}
function route(points, forks) {
  const corners = [points[0]]
  for (const [here, then] of pairwise(points.slice(1))) {
    const last = corners.at(-1)
    if ((here[0] !== last[0] || here[1] !== last[1]) && !inLine(last, here, then)) corners.push(here)
  }
  corners.push(points.at(-1))
  const last = corners.length - 1, length = k => Math.abs(corners[k][0] - corners[k + 1][0]) + Math.abs(corners[k][1] - corners[k + 1][1])
  return { points: corners.map(([x, y], k) => [x, y, 0 < k && k < last && !forks.has(`${corners[k]}`)
    ? Math.min(RADIUS, length(k - 1) / (k === 1 ? 1 : 2), length(k) / (k === last - 1 ? 1 : 2)) : 0]), gaps: [] }
}
function gapsOf(wires, known) {
  const level = [], steep = [], gaps = new Map(), points = new Set()
  for (const [id, { points }] of Object.entries(wires)) for (const [[x, y], [x2, y2]] of pairwise(points)) {
    if (y === y2) level.push([y, Math.min(x, x2), Math.max(x, x2), id])
    else if (x === x2) steep.push([x, Math.min(y, y2), Math.max(y, y2), id])
  }
  level.sort(compare)
  const heights = level.map(([y]) => y)
  for (const [x, low, high, id] of steep) for (let k = bisect(heights, low); k < level.length; k++) {
    const [y, left, right, other] = level[k]
    if (y >= high) break
    if (left < x && x < right && known.get(id).source !== known.get(other).source) {
      several(gaps, id).push([x, y])
      points.add(`${[x, y]}`)
    }
  }
  return [gaps, points.size]
}

// ── the whole ──

const TRIES = 6, SHORTER = .92, MANY_CROSSINGS = 24
function first(nest, limit) {
  const result = most([...nest.blocks.values()].filter(block => block.node.kind === 'output').map(block => block.along), 0)
  return new Tiles(nest, limit, limit - result - BESIDE)
}
function shortened(tiles) {
  let best = tiles
  for (let k = 0; k < TRIES; k++) {
    if (tiles.tiles.at(-1).along <= tiles.limit || tiles.tiles.length === 1) break
    tiles = new Tiles(tiles.nest, tiles.limit, tiles.inner * SHORTER, tiles)
    if (tiles.tiles.at(-1).along < best.tiles.at(-1).along) best = tiles
  }
  return best
}
function refined(tiles) {
  if (!tiles.tiles.some(ordersToTry)) return tiles
  const better = new Tiles(tiles.nest, tiles.limit, tiles.inner, tiles, true)
  const fits = better.tiles.at(-1).along <= Math.max(tiles.limit, tiles.tiles.at(-1).along)
  return fits && better.crossings < tiles.crossings ? better : tiles
}
return (nodes, wires, boxes, limit) => {
  let tiles = first(new Nest(nodes, wires, boxes), limit)
  const { shared } = tiles.nest, { along } = tiles.tiles.at(-1)
  if (shared.length && (tiles.crossings >= MANY_CROSSINGS || along > limit)) {
    const again = first(new Nest(nodes, wires, boxes, shared), limit)
    if (again.crossings <= tiles.crossings / 2 || again.tiles.at(-1).along <= limit && limit < along) tiles = again
  }
  return new Lanes(refined(shortened(tiles))).routed()
}
})()
