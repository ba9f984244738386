// The stepper inside this page: its own scripts, on names that stand for the part of the page it is in.
const mountStepper = (host, data, lang, { kind = '', changed = () => {} } = {}) => {
  host.replaceChildren()
  host.className = `stepper ${kind}`
  host.innerHTML = MARKUP
  const keys = [], watching = [], order = data.order, compute = new Function('v', programOf(order))
  const inside = {
    getElementById: id => host.querySelector(`#${CSS.escape(id)}`), querySelectorAll: selector => host.querySelectorAll(selector),
    createElement: name => document.createElement(name), createElementNS: (space, name) => document.createElementNS(space, name),
    addEventListener: (name, act) => { if (name === 'keydown') keys.push(act) }, documentElement: {}, body: host,
  }
  class Watch extends ResizeObserver { constructor(act) { super(act); watching.push(this) } }
  const media = query => ({ matches: matchMedia(query).matches, addEventListener() {} })  // the page itself follows the system's colours
  stepPage({ ...data.data, words: STEP_WORDS[lang] }, v => { const locals = compute(v); changed(v); return locals }, inside, { frameElement: null }, media, Watch)
  return {
    key: event => keys.forEach(act => act(event)),
    leave() { host.querySelector('#first')?.click(); watching.forEach(watch => watch.disconnect()); host.replaceChildren() },
  }
}
