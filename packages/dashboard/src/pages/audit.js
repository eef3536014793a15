// Times as the reader's clock shows them, like those on Bull Board; without this script they stand in UTC.
for (const time of document.querySelectorAll("time")) {
  time.textContent = new Date(time.dateTime).toLocaleString(document.documentElement.lang);
}
