import { chooseLanguage, chooseTheme, reader, shownTheme, t } from "./ui/client/preferences.ts";

// Times as the reader's clock shows them, like those on Bull Board; without this script they stand in UTC.
for (const time of document.querySelectorAll("time")) {
  time.textContent = new Date(time.dateTime).toLocaleString(document.documentElement.lang);
}

const language = document.querySelector("#language");
language.textContent = t().otherLanguage;
language.lang = t().otherLanguageCode;
language.hidden = false;
language.addEventListener("click", () => {
  chooseLanguage(reader.language === "zh" ? "en" : "zh");
  location.reload();
});

const theme = document.querySelector("#theme");
theme.hidden = false;
theme.addEventListener("click", () => {
  chooseTheme(shownTheme() === "dark" ? "light" : "dark");
  nameOtherTheme();
});
nameOtherTheme();

function nameOtherTheme() {
  const other = shownTheme() === "dark" ? t().light : t().dark;
  theme.textContent = other;
  theme.ariaLabel = t().switchTheme(other);
}
