// Questions: the curator's name, a reason, and the list of keys, where they can be changed.

import { byId, element } from "./dom.js";
import { ACTIONS } from "./keys.js";

const WHO = "rerank.who";

export async function askName(again = false) {
  const known = localStorage.getItem(WHO);
  if (known && !again) return known;
  const dialog = byId("name-dialog");
  byId("name").value = known ?? "";
  dialog.showModal();
  await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
  const name = byId("name").value.trim();
  if (name) localStorage.setItem(WHO, name);
  return name || known || askName(true);
}

// Return the chosen reason, null where none was chosen. Digits choose; a text of one's own may be typed.
export async function askReason(reasons, typed) {
  const dialog = byId("reasons");
  let chosen = null;
  const choose = (reason) => {
    chosen = reason;
    dialog.close();
  };
  const buttons = reasons.map((reason, index) =>
    element("button", { type: "button", onclick: () => choose(reason) }, element("kbd", {}, `${index + 1}`), ` ${reason}`),
  );
  const own = element("input", { placeholder: "another reason", maxLength: 200 });
  dialog.onkeydown = (event) => {
    event.stopPropagation();
    if (event.target === own) {
      if (event.key === "Enter" && own.value.trim()) choose(own.value.trim());
    } else if (reasons[Number(event.key) - 1]) {
      event.preventDefault();
      choose(reasons[Number(event.key) - 1]);
    }
  };
  dialog.replaceChildren(element("div", { className: "choices" }, ...buttons, ...(typed ? [own] : [])));
  dialog.showModal();
  await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
  return chosen;
}

export function showHelp(keys) {
  const dialog = byId("help");
  const rows = Object.entries(ACTIONS).map(([action, [, words]]) => {
    const button = element("button", { type: "button", title: "Press, then the new key" }, keys.keyOf[action]);
    button.dataset.action = action;
    button.onclick = () => (button.textContent = "press a key");
    button.onkeydown = (event) => {
      if (button.textContent !== "press a key" || ["Shift", "Control", "Escape", "Tab"].includes(event.key)) return;
      event.preventDefault();
      event.stopPropagation();
      keys.change(action, event.key);
      showHelp(keys);
    };
    return element("tr", {}, element("td", {}, button), element("td", {}, words));
  });
  const reset = element("button", { type: "button" }, "Usual keys");
  reset.onclick = () => {
    keys.reset();
    showHelp(keys);
  };
  const more = "1 to 6 reject with that reason at once. On the map: drag the point, the tip of its cone, or the ground; a double click puts the photo there.";
  dialog.replaceChildren(element("table", {}, ...rows), element("p", { className: "quiet" }, more), reset);
  if (!dialog.open) dialog.showModal();
}
