// Draws the stream /api/safety/live. What is older than it should be is never shown as true now.
"use strict";

const STALE = 0.5; // [s] without a word from the gate
const SILENCE = 1500; // [ms] without a picture
const KEY = "dynamical-key";
const byId = (id) => document.getElementById(id);
const css = (name) => `var(--${name})`;
let arrived = 0;
let half = 2.6; // half the width that is shown [m]

// --- small helpers ------------------------------------------------------------------------------
function svg(name, attributes, text) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text !== undefined) node.textContent = text;
  return node;
}

function html(name, text, className) {
  const node = document.createElement(name);
  if (text !== undefined) node.textContent = text;
  if (className) node.className = className;
  return node;
}

const known = (value) => value !== null && value !== undefined;
const number = (value, digits, unit) => (known(value) ? `${value.toFixed(digits)} ${unit}` : "–");
const age = (value) => (known(value) ? `${Math.round(value * 1000)} ms` : "never");

function list(id, texts, empty) {
  byId(id).replaceChildren(
    ...(texts.length ? texts.map((text) => html("li", text)) : [html("li", empty, "none")]),
  );
}

function table(id, head, rows, empty) {
  if (!rows.length) {
    byId(id).replaceChildren(...(empty ? [html("caption", empty, "none")] : []));
    return;
  }
  const top = html("tr");
  top.append(...head.map((text) => html("th", text)));
  byId(id).replaceChildren(
    ...(head.length ? [top] : []),
    ...rows.map((cells) => {
      const row = html("tr");
      row.append(...cells.map((cell) => (cell instanceof Node ? cell : html("td", cell))));
      return row;
    }),
  );
}

// --- the two views: points of the room [m] to points of the picture -------------------------------
const VIEWS = {
  top: {
    point: (p) => [-p[1], -p[0]],
    extent: (s) => [s[1], s[0]],
    far: [1, 0, 0],
    box: () => [-half, -half, 2 * half, 1.5 * half],
  },
  side: {
    point: (p) => [p[0], -p[2]],
    extent: (s) => [s[0], s[2]],
    far: [0, 0, 1],
    box: () => [0.5 - half, -2.2, 2 * half, 2.4],
  },
};

function rectangle(view, centre, size, attributes) {
  const [x, y] = view.point(centre);
  const [w, h] = view.extent(size).map((value) => Math.max(value, 0.02));
  return svg("rect", { x: x - w / 2, y: y - h / 2, width: w, height: h, ...attributes });
}

function label(view, at, text, attributes = {}) {
  const [x, y] = view.point(at);
  return svg("text", { x, y, "font-size": 0.034 * half, "text-anchor": "middle", ...attributes }, text);
}

function circles(view, centres, radii) {
  return centres
    .map((centre, index) => {
      const [x, y] = view.point(centre);
      const r = radii[index];
      return `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`;
    })
    .join("");
}

function grid(view) {
  const group = svg("g", { class: "grid" });
  const [x, y, w, h] = view.box();
  for (let at = Math.ceil(x); at <= x + w; at++) {
    group.append(svg("line", { x1: at, x2: at, y1: y, y2: y + h }));
    const name = view === VIEWS.top ? -at : at;
    group.append(svg("text", { x: at + 0.02, y: y + h - 0.03, "font-size": 0.03 * half }, `${name}`));
  }
  for (let at = Math.ceil(y); at <= y + h; at++) {
    group.append(svg("line", { x1: x, x2: x + w, y1: at, y2: at }));
    group.append(svg("text", { x: x + 0.03, y: at - 0.02, "font-size": 0.03 * half }, `${-at}`));
  }
  return group;
}

function drawZones(view, zones) {
  return zones.flatMap((zone) => {
    const colour = css(zone.zone_type);
    const xs = zone.coordinates.map((c) => c[0]);
    const ys = zone.coordinates.map((c) => c[1]);
    const middle = [(Math.min(...xs) + Math.max(...xs)) / 2, (Math.min(...ys) + Math.max(...ys)) / 2];
    const style = { class: "zone", fill: colour, stroke: colour };
    if (view === VIEWS.side) {
      const size = [Math.max(...xs) - Math.min(...xs), 0, zone.height_max - zone.height_min];
      return [rectangle(view, [...middle, (zone.height_min + zone.height_max) / 2], size, style)];
    }
    const points = zone.coordinates.map((c) => view.point(c).join(",")).join(" ");
    const name = label(view, [Math.max(...xs), middle[1]], zone.name, { style: `fill:${colour}`, dy: -0.05 });
    return [svg("polygon", { points, ...style }), name];
  });
}

function drawThings(view, tracks) {
  return tracks.flatMap((track) => {
    const box = rectangle(view, track.position, track.size, { class: "thing" });
    if (track.color) box.setAttribute("style", `fill:${track.color}`);
    const large = Math.max(...track.size) > 0.3;
    return [box, ...(large && view === VIEWS.top ? [label(view, track.position, track.class_id)] : [])];
  });
}

function drawPerson(view, track) {
  const [x, y] = view.point(track.position);
  const [u, v] = view.point(track.position.map((value, axis) => value + track.velocity[axis]));
  // The name stands beyond the body: behind it from above, over its head from the side.
  const beyond = track.position.map((value, axis) => value + track.size[axis] * (view.far[axis] / 2));
  return [
    rectangle(view, track.position, track.size, {
      class: "person", "data-person": track.id, rx: view === VIEWS.top ? 0.12 : 0.06,
    }),
    svg("line", { x1: x, y1: y, x2: u, y2: v, class: "velocity" }),
    ...track.hands.map((hand) => {
      const [cx, cy] = view.point(hand);
      return svg("circle", { cx, cy, r: 0.045, class: "hand" });
    }),
    svg("circle", { cx: u, cy: v, r: 0.03, style: "fill:var(--person)" }),
    label(view, beyond, `person ${track.id}`, { style: "fill:var(--person);font-weight:600", dy: -0.05 }),
  ];
}

function drawForecast(view, forecast) {
  if (!forecast || !(forecast.age < 1.0)) return [];
  return forecast.parts
    .filter((part) => part.ahead > 0)
    .map((part) => {
      const [cx, cy] = view.point(part.position);
      return svg("circle", { cx, cy, r: Math.max(part.deviation, 0.02), class: "forecast" });
    });
}

function drawRobot(view, picture) {
  const { links, radius, centres } = picture.robot;
  const nearest = picture.safety ? picture.safety.nearest_link : "";
  const nodes = [svg("path", { d: circles(view, centres, radius), class: "robot" })];
  const indices = links.map((_, index) => index).filter((index) => links[index] === nearest);
  const some = indices.map((index) => centres[index]);
  nodes.push(svg("path", { d: circles(view, some, indices.map((i) => radius[i])), class: "nearest" }));
  return [nodes, some];
}

function drawGap(view, picture, link) {
  const people = picture.tracks.filter((track) => track.motion === "agent");
  if (!link.length || !people.length || !known(picture.safety.human_distance)) return [];
  const from = link[Math.floor(link.length / 2)];
  let best = null;
  for (const { position, size } of people) {
    const end = from.map((v, a) => Math.min(Math.max(v, position[a] - size[a] / 2), position[a] + size[a] / 2));
    const far = Math.hypot(...end.map((v, a) => v - from[a]));
    if (!best || far < best.far) best = { end, far };
  }
  const [x1, y1] = view.point(from);
  const [x2, y2] = view.point(best.end);
  const nodes = [svg("line", { x1, y1, x2, y2, class: "gap" })];
  if (known(picture.safety.protective_distance)) {
    nodes.push(svg("circle", { cx: x1, cy: y1, r: picture.safety.protective_distance, class: "halo" }));
  }
  return nodes;
}

function draw(picture) {
  const people = picture.tracks.filter((track) => track.motion === "agent");
  const things = picture.tracks.filter((track) => track.motion !== "agent");
  const farthest = Math.max(0, ...people.flatMap((p) => [Math.abs(p.position[0]), Math.abs(p.position[1])]));
  half += 0.15 * (Math.min(Math.max(2.6, farthest + 0.8), 8) - half);
  for (const [id, view] of Object.entries(VIEWS)) {
    const node = byId(id);
    node.setAttribute("viewBox", view.box().join(" "));
    const [robot, nearest] = drawRobot(view, picture);
    node.replaceChildren(
      grid(view),
      ...drawZones(view, picture.zones),
      ...drawThings(view, things),
      ...picture.hazards
        .filter((hazard) => hazard.hazard_type !== "PERSON")
        .flatMap((hazard) => [
          rectangle(view, hazard.position, hazard.size, { class: "hazard" }),
          label(view, hazard.position, hazard.hazard_type.toLowerCase()),
        ]),
      ...robot,
      ...drawForecast(view, picture.forecast),
      ...people.flatMap((person) => drawPerson(view, person)),
      ...(picture.safety ? drawGap(view, picture, nearest) : []),
    );
  }
}

// --- the words beside them ----------------------------------------------------------------------
function meter(id, share, text) {
  byId(id).style.width = `${100 * Math.min(Math.max(share || 0, 0), 1)}%`;
  byId(`${id}-text`).textContent = text;
}

function tellState(safety) {
  const stale = !safety || !(Math.abs(safety.age_s) < STALE);
  document.body.dataset.state = stale ? "UNKNOWN" : safety.state;
  byId("state").textContent = stale ? "NO WORD FROM THE GATE" : safety.state.replaceAll("_", " ");
  const first = safety && safety.reasons.length ? safety.reasons[0].text : "nothing holds the robot back";
  byId("why").textContent = stale
    ? "what is shown below may be out of date"
    : first + (safety.reset_required ? " (needs a reset)" : "");
  return stale;
}

function tell(picture) {
  const safety = picture.safety;
  tellState(safety);
  if (safety) {
    meter("speed", safety.speed_scale, `${Math.round(100 * safety.speed_scale)} %`);
    const scale = 2.5; // [m] of the whole bar
    meter("distance", known(safety.human_distance) ? safety.human_distance / scale : 0, number(safety.human_distance, 2, "m"));
    byId("protective").hidden = !known(safety.protective_distance);
    byId("protective").style.left = `${(100 * Math.min(safety.protective_distance || 0, scale)) / scale}%`;
    byId("separation").textContent = known(safety.human_distance)
      ? `from ${safety.nearest_link}; to be kept now: ${number(safety.protective_distance, 2, "m")} (black mark)`
      : "nobody is seen";
    meter("force", safety.contact_force / safety.contact_force_limit || 0, known(safety.contact_force) ? `${safety.contact_force.toFixed(0)} of ${safety.contact_force_limit?.toFixed(0) ?? "–"} N` : "–");
    list("reasons", safety.reasons.map((reason) => reason.text), "nothing holds the robot back");
    list("constraints", safety.active_constraints, "none");
    table("votes", ["voter", "says", "weight", "probability", "age"], safety.votes.map((vote) => [
      vote.model, html("td", vote.state, vote.state === "calm" ? "good" : "bad"), vote.weight.toFixed(1),
      known(vote.probability) ? vote.probability.toFixed(2) : "–", age(vote.age),
    ]), "no votes");
    table("inputs", [], [
      ["joint states", age(safety.joint_state_age)], ["tracks", age(safety.tracks_age)],
      ["commands", age(safety.command_age)], ["forecast", age(safety.forecast_age)],
      ["tick, p50 / p99", `${Math.round(safety.tick_compute_p50 * 1e6)} / ${Math.round(safety.tick_compute_p99 * 1e6)} µs`],
      ["late ticks", `${safety.late_ticks} of ${safety.ticks}`],
    ]);
  }
  const people = picture.tracks.filter((track) => track.motion === "agent");
  table("people", ["person", "at x, y [m]", "speed", "hands", "seen"], people.map((person) => [
    `${person.id}`, person.position.slice(0, 2).map((value) => value.toFixed(2)).join(", "),
    number(Math.hypot(person.velocity[0], person.velocity[1]), 2, "m/s"), `${person.hands.length}`, age(person.age),
  ]), "nobody is seen");
  table("zones", ["zone", "rule", "for"], picture.zones.map((zone) => {
    const rule = html("td", zone.zone_type.replace("_", " "));
    rule.style.color = css(zone.zone_type);
    return [zone.name, rule, zone.applies_to];
  }), "no zones");
  const hazards = picture.hazards.filter((hazard) => hazard.hazard_type !== "PERSON");
  table("hazards", ["hazard", "kind", "asks for"], hazards.map((h) => [h.id, h.hazard_type, h.behaviour]), "no hazards");
  tellWatchdog(picture.supervision);
}

function tellWatchdog(word) {
  const node = byId("watchdog");
  if (!word || !(Math.abs(word.age) < STALE)) {
    node.replaceChildren(html("span", word ? `silent for ${age(word.age)}` : "not heard", "bad"));
    return;
  }
  const calm = word.permitted && word.demand === "none";
  const demand = word.demand === "none" ? "nothing" : `a ${word.demand.replaceAll("_", " ")}`.replace("a reduced", "reduced speed");
  const says = `${word.permitted ? "permits" : "does not permit"} motion, demands ${demand}`;
  node.replaceChildren(html("span", says, calm ? "good" : "bad"), html("br"),
    html("span", `silent nodes: ${word.silent_nodes.join(", ") || "none"}; throttle ${word.throttle}`, "none"));
}

const LEGEND = {
  robot: "robot", nearest: "nearest link, distance to keep", person: "person, hands, speed",
  forecast: "expected in 0.5 s and 1 s", keep_out: "keep out", stop: "stop", slow: "slow", allow: "allow", limit: "limit",
};
byId("legend").replaceChildren(...Object.entries(LEGEND).map(([name, text]) => {
  const item = html("span", text);
  item.style.setProperty("--c", css(name));
  return item;
}));

// --- the stream ---------------------------------------------------------------------------------
function lost(why) {
  document.body.dataset.state = "UNKNOWN";
  byId("state").textContent = "NO CONNECTION";
  byId("why").textContent = why;
}

async function watch(key) {
  const answer = await fetch("api/safety/live", { headers: { "X-API-Key": key }, cache: "no-store" });
  if (answer.status === 401 || answer.status === 403) return false;
  if (!answer.ok) throw new Error(`the bridge answers ${answer.status}`);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw new Error("the bridge ended the stream");
    rest += value;
    const events = rest.split("\n\n");
    rest = events.pop();
    if (!events.length) continue;
    // Of pictures that came at once only the newest is drawn.
    const picture = JSON.parse(events.at(-1).replace(/^data: /, ""));
    arrived = performance.now();
    byId("fresh").textContent = `${new Date(picture.stamp * 1000).toLocaleTimeString()}`;
    tell(picture);
    draw(picture);
  }
}

function askForKey(again) {
  if (again) byId("ask-why").textContent = "That key is not valid here, or may not read. Another one?";
  byId("ask").showModal();
  return new Promise((resolve) => {
    byId("key-form").onsubmit = (event) => {
      event.preventDefault();
      byId("ask").close();
      resolve(byId("key").value.trim());
    };
  });
}

async function main() {
  let refused = false;
  for (;;) {
    const key = sessionStorage.getItem(KEY) || (await askForKey(refused));
    try {
      sessionStorage.setItem(KEY, key);
      if (!(await watch(key))) {
        refused = true;
        sessionStorage.removeItem(KEY);
      }
    } catch (error) {
      lost(`${error.message}; trying again`);
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
}

setInterval(() => {
  if (arrived && performance.now() - arrived > SILENCE) lost("no picture has come for a while");
}, 250);
main();
