// Scroll boxes can be reached by keyboard; the search finds parts of words, so Korean compounds too, and opens from a file.
(() => {
  'use strict'
  const korean = document.documentElement.lang === 'ko'
  function reachable() {
    for (const box of document.querySelectorAll('article pre, article table, .table-wrapper, .cell_output, .output, .toc-scroll, .sidebar-scroll')) {
      const scrolls = box.scrollWidth > box.clientWidth + 1 || box.scrollHeight > box.clientHeight + 1
      if (scrolls && !box.hasAttribute('tabindex')) {
        box.tabIndex = 0
        if (!box.matches('table')) { box.setAttribute('role', 'region'); box.setAttribute('aria-label', korean ? '스크롤 영역' : 'scrolls') }
      }
    }
  }
  function search(found) {
    const words = new URLSearchParams(location.search).get('q')?.trim().toLowerCase().split(/\s+/).filter(Boolean) ?? []
    const box = document.querySelector('#query')
    box.value = words.join(' ')
    if (!words.length) return
    const hits = SEARCH.map(([page, anchor, title, text]) => {
      const head = title.toLowerCase(), body = text.toLowerCase()
      if (!words.every(word => head.includes(word) || body.includes(word))) return null
      const score = words.reduce((sum, word) => sum + (head.includes(word) ? 20 : 0) + Math.min(body.split(word).length - 1, 9), 0)
      return { page, anchor, title, text, at: Math.max(0, body.indexOf(words.find(word => body.includes(word)) ?? '')), score }
    }).filter(Boolean).sort((a, b) => b.score - a.score)
    document.querySelector('#count').textContent = korean ? `${hits.length}곳` : hits.length === 1 ? '1 section' : `${hits.length} sections`
    found.replaceChildren(...hits.slice(0, 60).map(hit => {
      const item = document.createElement('li'), link = document.createElement('a'), said = document.createElement('p')
      link.href = `${hit.page}${hit.anchor ? `#${hit.anchor}` : ''}`
      link.textContent = hit.title
      const from = Math.max(0, hit.at - 60), piece = hit.text.slice(from, hit.at + 140)
      const pattern = new RegExp(`(${words.map(word => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|')})`, 'i')
      for (const part of piece.split(pattern)) {
        const mark = pattern.test(part) ? document.createElement('mark') : document.createTextNode('')
        mark.textContent = part
        said.append(mark)
      }
      item.append(link, said)
      return item
    }))
  }
  addEventListener('DOMContentLoaded', () => {
    reachable()
    const found = document.querySelector('#found')
    if (found) search(found)
  })
  addEventListener('load', reachable)
  addEventListener('resize', reachable)
})()
