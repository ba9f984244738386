// The playground: its tabs, language and colours, and its state in the address.
(() => {
'use strict'
function h(name, given = {}, ...inside) {
  const made = document.createElement(name)
  for (const [key, value] of Object.entries(given)) {
    if (value === null || value === undefined || value === false) continue
    if (key in made && !key.startsWith('aria') && key !== 'role' && key !== 'list') made[key] = value
    else made.setAttribute(key === 'class' ? 'class' : key, value)
  }
  made.append(...inside.filter(x => x !== null && x !== undefined && x !== ''))
  return made
}
const LANGUAGES = { en: 'English', ko: '한국어' }, TABS = ['expression', 'network', 'quiz'], THEMES = ['auto', 'light', 'dark']
const state = { tab: 'expression', theme: 'auto', lang: null }
const lang = () => state.lang ?? OPENS_IN ?? (navigator.languages ?? [navigator.language]).map(l => l.slice(0, 2)).find(l => l in LANGUAGES) ?? 'en'
const say = (...said) => sayIn(lang())(...said)

// ── the address ──

const address = {
  read() {
    const found = new URLSearchParams(location.hash.slice(1)), text = found.get('e')
    state.tab = TABS.includes(found.get('tab')) ? found.get('tab') : 'expression'
    state.lang = found.get('lang') in LANGUAGES ? found.get('lang') : null
    state.theme = THEMES.includes(found.get('theme')) ? found.get('theme') : 'auto'
    state.quiz = found.get('quiz') ?? undefined
    state.expression = text === null ? undefined : { text, values: Object.fromEntries((found.get('v') ?? '').split(',').filter(Boolean).map(pair => {
      const at = pair.lastIndexOf(':')
      return [pair.slice(0, at), Number(pair.slice(at + 1))]
    })) }
    state.network = found.get('n') === null ? undefined : networkState.read(found)
  },
  write() {
    const said = new URLSearchParams()
    if (state.tab !== 'expression') said.set('tab', state.tab)
    if (state.lang) said.set('lang', state.lang)
    if (state.theme !== 'auto') said.set('theme', state.theme)
    if (state.expression) {
      const { text, values, names = Object.keys(values) } = state.expression
      said.set('e', text)
      said.set('v', names.filter(name => name in values).map(name => `${name}:${Number(values[name].toPrecision(12))}`).join(','))
    }
    if (state.quiz) said.set('quiz', state.quiz)
    if (state.network) networkState.write(state.network, said)
    return `#${said}`
  },
}
let late = 0, mine = ''
function changed() {  // the address follows, soon
  clearTimeout(late)
  late = setTimeout(() => { mine = address.write(); try { history.replaceState(null, '', mine) } catch { /* a frame without an address of its own */ } }, 250)
}

// ── the page ──

const part = id => document.getElementById(id)
const app = { h, say, state, lang, changed, part, announce: text => { part('announced').textContent = text }, redo }
const expression = expressionTab(app), tabs = { expression, network: networkTab(app), quiz: quizTab(app, expression) }
function choice(label, options, chosen, act) {
  const pick = h('select', { 'aria-label': label }, ...options.map(([value, text]) => h('option', { value, selected: value === chosen }, text)))
  pick.addEventListener('change', () => act(pick.value))
  return pick
}
function open(tab, focus = false) {
  tabs[state.tab].leave()
  state.tab = tab
  for (const name of TABS) {
    const button = part(`tab-${name}`), on = name === tab
    button.setAttribute('aria-selected', on)
    button.tabIndex = on ? 0 : -1
    part(`panel-${name}`).hidden = !on
    part(`panel-${name}`).replaceChildren()
  }
  if (focus) part(`tab-${tab}`).focus()
  tabs[tab].build(part(`panel-${tab}`))
  changed()
}
function redo(focus) {  // the tab anew, as the state is now
  open(state.tab)
  part(focus)?.focus()
}
function share() {
  tabs.network.keep()
  mine = address.write()
  try { history.replaceState(null, '', mine) } catch { /* as above */ }
  const said = navigator.clipboard?.writeText(location.href)
  if (said) said.then(() => app.announce(say('page', 'copied')), () => app.announce(say('page', 'not copied')))
  else app.announce(say('page', 'not copied'))
}
function build() {
  document.documentElement.lang = lang()
  document.title = say('page', 'title')
  document.documentElement.className = state.theme === 'auto' ? '' : state.theme
  const list = h('div', { role: 'tablist', 'aria-label': say('page', 'tabs') }, ...TABS.map(name =>
    h('button', { role: 'tab', id: `tab-${name}`, 'aria-controls': `panel-${name}` }, say('page', `tab ${name}`))))
  list.addEventListener('click', event => { const tab = event.target.closest('[role=tab]'); if (tab) open(tab.id.slice(4)) })
  list.addEventListener('keydown', event => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key], at = TABS.indexOf(state.tab)
    const to = event.key === 'Home' ? 0 : event.key === 'End' ? TABS.length - 1 : step ? (at + step + TABS.length) % TABS.length : -1
    if (to >= 0) { event.preventDefault(); open(TABS[to], true) }
  })
  const copy = h('button', {}, say('page', 'link'))
  copy.addEventListener('click', share)
  part('app')?.remove()
  document.body.append(h('main', { id: 'app' },
    h('header', { class: 'top' }, h('h1', {}, say('page', 'title')), list, h('span', { class: 'grow' }),
      choice(say('page', 'language'), Object.entries(LANGUAGES), lang(), chosen => { state.lang = chosen; rebuild('language') }),
      choice(say('page', 'theme'), THEMES.map(name => [name, say('page', `theme ${name}`)]), state.theme, chosen => { state.theme = chosen; rebuild('theme') }), copy),
    h('p', { class: 's' }, say('page', 'intro')), h('p', { id: 'announced', role: 'status' }),
    ...TABS.map(name => h('section', { role: 'tabpanel', id: `panel-${name}`, 'aria-labelledby': `tab-${name}`, class: 'tab', hidden: true }))))
  open(state.tab)
}
function rebuild(which) {
  tabs[state.tab].leave()
  build()
  part('app').querySelector(`[aria-label="${say('page', which)}"]`)?.focus()
}
document.addEventListener('keydown', event => {
  if (!event.defaultPrevented && (event.target === document.body || event.target.closest?.('.stepper, #opened'))) tabs[state.tab].key(event)
})
addEventListener('hashchange', () => { if (location.hash !== mine) { tabs[state.tab].leave(); address.read(); build() } })
address.read()
build()
try {  // in a notebook: in place of the still picture
  const still = window.frameElement?.previousElementSibling
  if (still?.matches('.chainrule-still')) still.hidden = true
} catch { /* a frame of another origin */ }
})()
