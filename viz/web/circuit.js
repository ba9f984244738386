// The circuit on the page: which gates, wires and frames are drawn while some scopes are closed, where they stand, and how.
const circuit = (() => {
'use strict'
const MARGIN = 14, FEW_INPUTS = 6, TIP = 6, HALF = 4, GAP = 5, BETWEEN = 4
const escaped = text => text.replace(/[&<>"]/g, c => `&#${c.charCodeAt(0)};`)
const point = (x, y) => `${Math.round(10 * x) / 10} ${Math.round(10 * y) / 10}`

function records({ gates, wires, scopes, merged, stem }, closed) {
  const chain = scope => scope < 0 ? [] : [...chain(scopes[scope][1]), scope]
  const owner = gates.map(([, , , , , scope]) => chain(scope).find(s => closed.has(s)) ?? -1), into = gates.map(() => []), outof = gates.map(() => [])
  wires.forEach((wire, k) => { into[wire[2]].push(k); outof[wire[1]].push(k) })
  const place = i => owner[i] < 0 ? gates[i][0] : `s${owner[i]}`, isInput = i => gates[i][1] === 'input' || gates[i][1] === 'constant'

  // an input of one closed scope alone is inside it, where something else comes in; but x, x0, x1 … are data, and stay
  const isData = i => /^(.*\/)?[xX][\d_]*$/.test(gates[i][2])
  const home = gates.map((_, i) => isInput(i) && !isData(i) && outof[i].length ? outof[i].map(k => owner[wires[k][2]]).reduce((a, b) => a === b ? a : -1) : -1)
  const enter = new Map(), hidden = new Set(), held = new Map()
  wires.forEach(([, a, b]) => { if (owner[b] >= 0 && owner[a] !== owner[b] && home[a] < 0) enter.set(owner[b], FEW_INPUTS) })
  gates.forEach((_, i) => {
    if (home[i] < 0) return
    const count = enter.get(home[i]) ?? 0
    if (count < FEW_INPUTS) enter.set(home[i], count + 1)
    else { hidden.add(i); held.set(home[i], (held.get(home[i]) ?? 0) + 1) }
  })

  const box = gates.map(([, , , , , scope], i) => {  // an input stands in the scopes of all that use it
    if (!isInput(i)) return scope
    const users = outof[i].map(k => wires[k][2]).filter(b => gates[b][1] === 'gate').map(b => chain(owner[b] < 0 ? gates[b][5] : scopes[owner[b]][1]))
    return users.length ? users.reduce((a, b) => a.slice(0, a.findIndex((x, k) => x !== b[k]) >>> 0)).at(-1) ?? -1 : -1
  })
  const nodes = new Map(), lines = new Map()
  gates.forEach(([id, kind, label, , members, , along, across, ordered, sign, valued], i) => {
    if (hidden.has(i)) return
    const at = owner[i], known = nodes.get(place(i))
    if (known) { known.members.push(...members); known.count++; known.inner.push(i) }
    else nodes.set(place(i), at < 0 ? { id, kind, label, members: [...members], box: box[i], along, across, ordered, sign, valued, at, inner: [i] }
      : { id: `s${at}`, kind: 'gate', label: '', members: [...members], box: scopes[at][1], ordered: false, sign: [[scopes[at][0], 0]], at, inner: [i], count: 1 })
  })
  wires.forEach(([id, a, b, edges, formula, room, note]) => {
    if (owner[a] >= 0 && owner[a] === owner[b] || hidden.has(a)) return
    const shut = owner[b] >= 0, key = shut ? `w-${place(a)}-s${owner[b]}-${a}` : id, known = lines.get(key)
    if (known) known.edges.push(...edges)
    else lines.set(key, { id: key, from: a, source: place(a), target: place(b), edges: [...edges], formula: shut ? null : formula,
      room: shut ? merged : room, note: shut ? '' : note })
  })

  const leaving = new Map(), entering = new Map()
  for (const line of lines.values()) for (const [map, id] of [[leaving, line.source], [entering, line.target]]) map.set(id, [...map.get(id) ?? [], line])
  for (const node of nodes.values()) {
    const results = new Set((leaving.get(node.id) ?? []).map(line => line.from)), lines = entering.get(node.id) ?? []
    node.members.sort((a, b) => a - b)
    if (node.at >= 0) {
      node.valued = results.size === 1 ? 1 : 0
      node.held = held.get(node.at) ?? 0
      ;[node.along, node.across] = scopes[node.at].slice(node.held ? 7 : lines.length > 2 ? 5 : 3)
    }
    node.result = node.at < 0 ? node.inner[0] : [...results].at(-1) ?? node.inner.at(-1)
    node.fork = node.valued && (leaving.get(node.id)?.length ?? 0) > 1
    const first = line => nodes.get(line.source).kind !== 'gate' && leaving.get(line.source).length === 1
    if (node.at >= 0) entering.set(node.id, [...lines.filter(line => !first(line)), ...lines.filter(first)])
  }
  const order = [...nodes.values()].sort((a, b) => (a.kind === 'output') - (b.kind === 'output') || (a.members[0] ?? 1e9) - (b.members[0] ?? 1e9))
  const name = i => gates[i][3], roomOf = ([along, before, after], more) => ({ along: Math.ceil(along + more), before, after })
  for (const line of lines.values()) {
    const { kind, fork } = nodes.get(line.source)
    line.named = kind === 'gate' && !fork && nodes.get(line.target).kind !== 'output' ? name(line.from) : 0
    line.label = roomOf(line.room, line.named)
  }
  for (const node of order) if (node.fork) {
    node.named = node.kind === 'gate' ? name(node.result) : 0
    node.stem = roomOf(stem, node.named)
  }
  const opened = new Set(order.flatMap(node => chain(node.box)))
  return { nodes: order, wires: order.flatMap(node => entering.get(node.id) ?? []), boxes: scopes.map(([text, parent, along], i) => ({ id: `s${i}`, parent: parent < 0 ? '' : `s${parent}`, along, text }))
    .filter((_, i) => opened.has(i)) }
}

// ── drawing ──

function path({ points, gaps }, short) {
  let said = `M${point(...points[0])}`
  points.slice(1).forEach(([x2, y2, radius], k) => {
    const [x, y] = points[k], long = Math.hypot(x2 - x, y2 - y) || 1, along = (x2 - x) / long, across = (y2 - y) / long
    const on = ([a, b]) => x === x2 && x2 === a && Math.min(y, y2) < b && b < Math.max(y, y2) || y === y2 && y2 === b && Math.min(x, x2) < a && a < Math.max(x, x2)
    for (const at of gaps.filter(on).map(([a, b]) => Math.abs(a - x) + Math.abs(b - y)).sort((a, b) => a - b))
      said += `L${point(x + along * (at - HALF), y + across * (at - HALF))}M${point(x + along * (at + HALF), y + across * (at + HALF))}`
    if (k === points.length - 2) said += `L${point(x2 - along * short, y2 - across * short)}`
    else if (!radius) said += `L${point(x2, y2)}`
    else {
      const [x3, y3] = points[k + 2], rest = Math.hypot(x3 - x2, y3 - y2) || 1
      said += `L${point(x2 - along * radius, y2 - across * radius)}Q${point(x2, y2)} ${point(x2 + (x3 - x2) / rest * radius, y2 + (y3 - y2) / rest * radius)}`
    }
  })
  return said
}
function tip({ points }) {
  const [[x, y], [x2, y2]] = points.slice(-2), long = Math.hypot(x2 - x, y2 - y) || 1, along = (x2 - x) / long, across = (y2 - y) / long
  const back = [x2 - (TIP + 1) * along, y2 - (TIP + 1) * across]
  return `<polygon class="tip" points="${point(x2, y2)} ${point(back[0] + 3.4 * across, back[1] - 3.4 * along)} ${point(back[0] - 3.4 * across, back[1] + 3.4 * along)}"/>`
}
const write = (kind, x, y, said = '', more = '') => `<text class="${kind}" x="${Math.round(10 * x) / 10}" y="${Math.round(10 * y) / 10}"${more}>${said}</text>`
function label({ x, y, along }, { formula, named, note, room, name }) {  // numbers get their texts as they are known
  const beside = room[3], centre = x + (along - beside) / 2, rest = along - beside - 2 * GAP, split = centre + (named - Math.min(rest - named, 50)) / 2
  const fit = room => ` data-room="${Math.floor(room)}"`
  return (named ? write('number name right', split, y - 5, escaped(`${name} = `)) + write('number value left', split, y - 5, '', fit(centre + rest / 2 - split))
    : write('number value', centre, y - 5, '', fit(rest)))
    + write('number gradient', centre, y + 15, '', fit(rest)) + (note ? write('number note', x + along / 2, y + 27.5, escaped(note)) : '')
    + (beside ? write('number formula', x + along - 2, y + 13, escaped(formula ?? ''), fit(beside - BETWEEN)) : '')
}
function shape(node, { x, y, wide, high }) {
  if (node.kind !== 'gate')
    return node.label ? write(node.kind === 'constant' ? 'constant' : 'letter', x, y + 5, escaped(node.label)) : `<circle class="terminal" cx="${x}" cy="${y}" r="4"/>`
  const text = node.sign.map(([said]) => said).join(''), alone = text.length === 1 && !/\p{L}/u.test(text)
  const sign = node.sign.map(([said, fixed]) => fixed ? `<tspan class="constant">${escaped(said)}</tspan>` : escaped(said)).join('')
  return (wide === high ? `<circle class="shape" cx="${x}" cy="${y}" r="${wide / 2}"/>`
    : `<rect class="shape" x="${x - wide / 2}" y="${y - high / 2}" width="${wide}" height="${high}" rx="17"/>`)
    + write(alone ? 'sign alone' : 'sign', x, y + (alone ? 7 : 5) - (node.held ? 6 : 0), sign)
    + (node.held ? write('sign-held', x, y + 13, `${node.held} parameter${node.held > 1 ? 's' : ''}`) : '')
    + (node.at < 0 ? '' : `<g class="open" transform="translate(${x + wide / 2 - 3} ${y - high / 2 + 3})"><circle r="8"/><path d="M-4 0H4M0 -4V4"/></g>`)
}
function draw(svg, data, closed, width) {
  const { nodes, wires, boxes } = records(data, closed), wide = width - 2 * MARGIN
  const places = layOut(nodes.map(node => ({ id: node.id, kind: node.kind === 'constant' ? 'input' : node.kind, along: node.along, across: node.across,
    box: node.box < 0 ? '' : `s${node.box}`, stem: node.stem ?? null, ordered: node.ordered })), wires, boxes, wide)
  const name = i => data.gates[i][2], at = ({ x, y, ...more }) => ({ x: x + MARGIN, y: y + MARGIN, ...more })
  const moved = route => ({ points: route.points.map(([x, y, r]) => [x + MARGIN, y + MARGIN, r]), gaps: route.gaps.map(([x, y]) => [x + MARGIN, y + MARGIN]) })
  const by = new Map(nodes.map(node => [node.id, node])), parts = []
  for (const { id } of boxes) if (places.boxes[id]) {
    const [x, y, wide, high] = places.boxes[id]
    parts.push(`<g class="scope"><rect x="${x + MARGIN}" y="${y + MARGIN}" width="${wide}" height="${high}" rx="9"/></g>`)
  }
  for (const wire of wires) {
    const way = moved(places.wires[wire.id]), gate = by.get(wire.target).kind === 'gate', d = path(way, gate ? TIP : 0), again = places.names[wire.id]
    parts.push(`<g class="wire" id="c-${wire.id}"><path class="flow" d="${d}"/><path class="line" d="${d}"/>${gate ? tip(way) : ''}<path class="reach" d="${d}"/>`
      + (again ? shape(by.get(wire.source), at(again)) : '') + label(at(places.labels[wire.id]), { ...wire, name: name(wire.from) }) + '</g>')
  }
  for (const [x, y] of places.forks) parts.push(`<circle class="fork" cx="${x + MARGIN}" cy="${y + MARGIN}" r="3"/>`)
  for (const node of nodes) {
    const more = !node.fork ? '' : `<g class="wire" id="c-${node.id}-sum">`
      + ['flow', 'line'].map(kind => `<path class="${kind}" d="${path(moved(places.stems[node.id]), 0)}"/>`).join('')
      + `${label(at(places.stemLabels[node.id]), { ...node, room: data.stem, name: name(node.result) })}</g>`
    parts.push(`<g class="node ${node.kind}${node.at < 0 ? '' : ' collapsed'}" id="c-${node.id}">${shape(node, at(places.nodes[node.id]))}${more}</g>`)
  }
  for (const { id, text } of boxes) if (places.boxes[id]) {
    const [x, y] = places.boxes[id]
    parts.push(`<g class="scope" id="c-${id}">${write('', x + MARGIN + 10, y + MARGIN + 16, escaped(text))}</g>`)
  }
  const [long, high] = [places.wide + 2 * MARGIN, places.high + 2 * MARGIN]
  svg.setAttribute('viewBox', `0 0 ${long.toFixed(1)} ${high.toFixed(1)}`)
  svg.setAttribute('width', long)
  svg.setAttribute('height', high)
  svg.style.minWidth = `${1.05 * long}px`  // its smallest letters have 11 px
  svg.innerHTML = parts.join('')
  const heights = new Map([...wires.map(({ id }) => [id, places.labels[id].y]), ...nodes.map(({ id }) => [id, places.nodes[id].y])])
  return { nodes, wires, boxes, heights, crossings: places.crossings }
}
return { draw, records }
})()
