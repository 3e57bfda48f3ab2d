// Put into the page when each portal was last read; the line above this one tells it.

for (const place of document.querySelectorAll("[data-last-read]")) {
  const moment = window.lastRead[place.dataset.lastRead];
  if (moment) place.textContent = moment;
}
