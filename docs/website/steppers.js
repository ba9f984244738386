// Opens the stepper of an operation when the reader asks for it: all share one page, and each has a program of its own.
(() => {
  'use strict'
  function open(place) {
    const frame = document.createElement('iframe'), name = place.dataset.stepper
    frame.title = place.querySelector('summary').textContent
    frame.srcdoc = STEPPERS.page.split(STEPPERS.title).join(name).split(STEPPERS.program).join(STEPPERS.programs[name])
    frame.height = 640
    frame.addEventListener('load', () => { frame.height = frame.contentDocument.documentElement.scrollHeight + 24 })
    place.append(frame)
  }
  for (const place of document.querySelectorAll('[data-stepper]')) {
    place.addEventListener('toggle', () => place.open && !place.querySelector('iframe') && open(place))
  }
})()
