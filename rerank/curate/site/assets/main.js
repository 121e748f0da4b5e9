// Beginning a session, and what keys and buttons do.

import { get, post } from "./api.js";
import { askName, showHelp } from "./dialogs.js";
import { byId, element } from "./dom.js";
import { ACTIONS, Keys } from "./keys.js";
import { Review } from "./review.js";

const SAID_MS = 6000;
const FLICKER_MS = 400;
const BUTTONS = {
  review: ["accept", "move", "skip", "reject", "undo", "brighten", "flicker", "zoom", "lines"],
  positives: ["confirm", "aside", "undo", "previous", "following", "brighten", "flicker", "zoom", "lines"],
};

const mode = location.hash === "#positives" ? "positives" : "review";
const keys = new Keys();
let review = null;

function say(text, isFault = true) {
  const message = byId("message");
  message.textContent = text;
  message.hidden = !text;
  message.classList.toggle("fault", isFault);
  clearTimeout(say.timer);
  say.timer = setTimeout(() => (message.hidden = true), SAID_MS);
}

let flickering = 0;
function flicker() {
  clearInterval(flickering);
  byId("flick").hidden = true;
  byId("flick").src = byId("shown").src;
  flickering = flickering || !review.strip.current() ? 0 : setInterval(() => byId("flick").toggleAttribute("hidden"), FLICKER_MS);
}

function zoom() {
  if (document.body.classList.toggle("zoomed")) review.gallery.enlarge();
}

const DO = {
  accept: (begun) => review.decide("accept", "", begun),
  move: (begun) => review.decide("move", "", begun),
  skip: (begun) => (mode === "review" ? review.decide("skip", "", begun) : review.step(1, begun)),
  reject: (begun) => (mode === "review" ? review.reject(begun) : review.decide("reject")),
  undo: () => review.takeBack("/api/undo"),
  redo: () => review.takeBack("/api/redo"),
  back: (begun) => review.step(-1, begun),
  forth: (begun) => review.step(1, begun),
  left1: () => review.turn(-1),
  right1: () => review.turn(1),
  left10: () => review.turn(-10),
  right10: () => review.turn(10),
  restore: () => review.put([...review.item.spot]),
  brighten: () => document.body.classList.toggle("bright"),
  flicker,
  zoom,
  previous: () => review.strip.step(-1),
  following: () => review.strip.step(1),
  street: () => review.street.toggle(),
  lines: async () => say(await review.strip.match(), false),
  paste: () => byId("paste").focus(),
  note: () => byId("note").focus(),
  confirm: (begun) => review.confirm(begun),
  aside: () => review.aside(),
  help: () => showHelp(keys),
};

async function perform(action, begun) {
  if (!review?.item && action !== "undo" && action !== "redo" && action !== "help") return;
  review?.settle();
  try {
    await DO[action](begun);
  } catch (error) {
    say(error.message);
  }
}

document.addEventListener("keydown", (event) => {
  if (event.target instanceof HTMLInputElement) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (document.querySelector("dialog[open]")) return;
  const action = keys.action(event);
  if (action) {
    event.preventDefault();
    perform(action, event.timeStamp);
  } else if (mode === "review" && review?.session.reasons[Number(event.key) - 1]) {
    review.settle();
    review.decide("reject", review.session.reasons[Number(event.key) - 1], event.timeStamp);
  }
});

byId("paste-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    review.takeOver(await post("/api/place", { who: review.who, text: byId("paste").value }));
    byId("paste").value = "";
    byId("paste").blur();
  } catch (error) {
    say(error.message);
  }
});
byId("note").addEventListener("change", () => review.note(byId("note").value));
byId("note").addEventListener("keydown", (event) => event.key === "Enter" && byId("note").blur());
byId("help-button").addEventListener("click", () => showHelp(keys));
byId("who").addEventListener("click", async () => {
  await askName(true);
  location.reload();
});
window.addEventListener("hashchange", () => location.reload());

function makeButtons(viewer) {
  byId("buttons").replaceChildren(
    ...[...BUTTONS[mode], ...(viewer ? ["street"] : [])].map((action) =>
      element(
        "button",
        {
          type: "button",
          onclick: (event) => {
            event.currentTarget.blur();
            perform(action, event.timeStamp);
          },
        },
        element("kbd", {}, keys.keyOf[action]),
        ` ${ACTIONS[action][1]}`,
      ),
    ),
  );
}

async function begin() {
  const who = await askName();
  const session = await get("/api/session", { who, mode });
  byId("who").textContent = who;
  byId("title").textContent = mode === "review" ? `Review: ${session.light}` : "Check of positives";
  byId("mode").textContent = mode === "review" ? "check positives" : "back to the review";
  byId("mode").href = mode === "review" ? "#positives" : "#";
  makeButtons(session.viewer);
  byId("help").addEventListener("close", () => makeButtons(session.viewer));
  review = new Review(who, mode, session, say);
  if (!review.queue.length) say("No photo waits. Harvest, sort and group some, or check positives.", false);
  await review.begin();
  document.body.dataset.ready = "yes";
}

begin().catch((error) => say(error.message));
