import { html, render } from "./lib/lit-html/lit-html.js";
import { t } from "./preferences.ts";

/** Asks before something that cannot be taken back. Escape and the background mean no. */
export function ask(title: string, text: string): Promise<boolean> {
  const dialog = document.createElement("dialog");
  dialog.setAttribute("aria-labelledby", "question");
  render(
    html`<form method="dialog">
      <h2 id="question">${title}</h2>
      <p>${text}</p>
      <div class="choices">
        <button value="no" autofocus>${t().cancel}</button>
        <button value="yes" class="strong">${title}</button>
      </div>
    </form>`,
    dialog,
  );
  // Beside the drawn page, which would take it away.
  document.documentElement.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
  });
}
