// What is told of a photo: where it is, who made it, what the signs say, and links to street views.

import { byId, element } from "./dom.js";

const METRES_PER_DEGREE = 111320;

export function tell(item) {
  const [owner, licence, taken, accuracy] = item.about;
  const facts = [item.id, owner, licence, taken.replace("T", " "), accuracy && `accuracy ${accuracy}`];
  byId("about").replaceChildren(facts.filter(Boolean).join(" · "), " ");
  if (item.page) byId("about").append(link("page", item.page));
  if (item.disputed) byId("about").append(element("strong", {}, " Curators contradict one another here: the next word decides."));
  const signs = item.signs.map(([name, value]) => element("li", {}, `${name}: ${value}`));
  const sorted = item.sorted.length ? [element("li", {}, `sorted: ${item.sorted.join(", ")}`)] : [];
  byId("signs").replaceChildren(...sorted, ...signs);
  byId("note").value = item.note;
}

export function tellPlace(item, spot) {
  const [east, north, heading] = spot;
  const moved = Math.hypot(east - item.origin[0], north - item.origin[1]);
  const turned = heading === null ? "no heading" : `${heading.toFixed(0)}°`;
  byId("place").textContent = `${east.toFixed(1)} E ${north.toFixed(1)} N, ${turned}, moved ${moved.toFixed(1)} m`;
  document.body.classList.toggle("moved", !same(spot, item.spot));
  byId("links").replaceChildren(...linksAt(degreesOf(item, spot), heading ?? 0));
}

export function same(one, other) {
  return one.every((value, index) => value === other[index]);
}

// Near enough for opening a street view: what is taken over comes back from its address, exactly.
function degreesOf(item, [east, north]) {
  const [latitude, longitude] = item.degrees;
  const perLongitude = METRES_PER_DEGREE * Math.cos((latitude * Math.PI) / 180);
  return [
    latitude + (north - item.origin[1]) / METRES_PER_DEGREE,
    longitude + (east - item.origin[0]) / perLongitude,
  ];
}

function linksAt([latitude, longitude], heading) {
  const [lat, lon, turn] = [latitude.toFixed(6), longitude.toFixed(6), heading.toFixed(0)];
  return [
    link("Google Street View", `https://www.google.com/maps/@?api=1&map_action=pano&viewpoint=${lat}%2C${lon}&heading=${turn}`),
    link("instantstreetview", `https://www.instantstreetview.com/@${lat},${lon},${turn}h,0p,1z`),
    link("Mapillary", `https://www.mapillary.com/app/?lat=${lat}&lng=${lon}&z=19`),
    link("Panoramax", `https://api.panoramax.xyz/?map=19/${lat}/${lon}`),
  ];
}

function link(text, href) {
  return element("a", { href, target: "_blank", rel: "noopener noreferrer" }, text);
}
