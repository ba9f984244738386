(() => {
'use strict'
// While the run lasts, the page opens the next page that was written in a frame that nobody sees. In the frame this script hands
// its parts to the page around it, which takes over those that have changed: so it works from a file and without a server, and the
// reader keeps what is scrolled, folded and stepped to.
const parts = () => ({
  report: true, live: document.body.dataset.live, title: document.title,
  parts: Object.fromEntries([...document.querySelectorAll('[data-part]')].map(part => [part.dataset.part, part.innerHTML])),
  steps: Object.fromEntries([...document.querySelectorAll('[data-steps]')].map(part => [part.id, part.dataset.steps])),
})
if (window !== parent && location.search.startsWith('?next=')) {
  addEventListener('DOMContentLoaded', () => parent.postMessage(parts(), '*'))
  return
}

function open(place, page) {  // the steppers: one that is there stays, with its state, until the reader asks for the next
  const frame = document.createElement('iframe')
  frame.title = place.dataset.title
  frame.srcdoc = page
  frame.height = 900
  place.replaceChildren(frame)
}
function offer(id, page) {
  const place = document.getElementById(id), note = place && place.previousElementSibling
  if (!place || page === place.dataset.steps) return
  place.dataset.steps = page
  if (!place.firstChild) return open(place, page)
  note.hidden = false
  note.lastElementChild.onclick = () => { note.hidden = true; open(place, place.dataset.steps) }
}

let frame = null, timer = 0
function look() {
  if (frame) frame.remove()
  frame = document.createElement('iframe')
  frame.className = 'next'
  frame.title = document.body.dataset.next
  frame.setAttribute('aria-hidden', 'true')
  frame.tabIndex = -1
  frame.src = `${location.href.replace(/[?#].*/, '')}?next=${Date.now()}`
  document.body.append(frame)
  timer = setTimeout(look, 2000)
}
addEventListener('message', event => {
  if (!frame || event.source !== frame.contentWindow || !event.data.report) return
  const main = document.querySelector('main'), sections = document.querySelectorAll('[data-part]')
  for (const part of sections) {
    const text = event.data.parts[part.dataset.part]
    if (text !== undefined && text !== part.innerHTML) part.innerHTML = text
  }
  Object.entries(event.data.steps).forEach(([id, page]) => offer(id, page))
  main.setAttribute('aria-busy', event.data.live ? 'true' : 'false')
  if (!event.data.live) {
    clearTimeout(timer)
    frame.remove()
    frame = null
  }
})
addEventListener('DOMContentLoaded', () => {
  document.querySelectorAll('[data-steps]').forEach(place => place.dataset.steps && open(place, place.dataset.steps))
  if (document.body.dataset.live) timer = setTimeout(look, 2000)
})
})()
