// One clock for all: `state.tick` counts ticks of the reference's constant rate. Every clip was
// re-timed onto it at export, so showing tick i means seeking each clip to the middle of its
// frame i, and playing means playing all clips at one speed. Nothing is warped here.

const data = JSON.parse(document.getElementById("data").textContent);
const find = (id) => document.getElementById(id);
const state = {
  clock: "aligned", tick: 0, speed: 1, loop: true,
  motion: "still", // "still", "forward" or "backward"
  run: 0, // raised by whatever ends a motion, so that its loop stops
  selected: Math.min(1, data.videos.length - 1),
};
const cells = data.videos.map(makeCell);
const SHOWN_AT_FIRST = 16;

// ---- the stage -------------------------------------------------------------------------------

function element(tag, className, parent) {
  const node = document.createElement(tag);
  node.className = className;
  if (parent) parent.append(node);
  return node;
}

function makeCell(video, index) {
  const figure = element("figure", index === 0 ? "reference" : "");
  const screen = element("div", "screen", figure);
  const player = element("video", "", screen);
  Object.assign(player, { muted: true, playsInline: true, preload: "auto", tabIndex: -1 });
  player.setAttribute("aria-label", video.name);
  const bar = element("div", "", element("div", "match", figure));
  bar.parentNode.setAttribute("role", "meter");
  bar.parentNode.setAttribute("aria-label", `match of ${video.name} with the reference`);
  const caption = element("figcaption", "", figure);
  const name = element("span", "name", caption);
  writeName(name, video.name);
  const cell = {
    video, index, figure, player, still: element("canvas", "", screen), bar, time: element("span", "time", caption),
    on: false, wanted: 0, shown: 0, arriving: null,
  };
  figure.addEventListener("click", () => select(index));
  player.addEventListener("error", () => reportBroken(cell));
  watchFrames(cell);
  return cell;
}

/** Where there is no room, a name loses its middle: its end often tells videos apart. */
function writeName(node, name) {
  node.title = name;
  element("span", "head", node).textContent = name.slice(0, -6);
  element("span", "tail", node).textContent = name.slice(-6);
}

function reportBroken(cell) {
  if (!cell.on) return;
  cell.figure.classList.add("broken");
  cell.time.textContent = "cannot be played: keep the media folder beside this page";
}

const shownCells = () => cells.filter((cell) => cell.on);
const ticksOf = (cell) => cell.video.frames[state.clock].length;
const ticksInAll = () => Math.max(...shownCells().map(ticksOf));

/** Put on or take off the stage; a cell off the stage holds no decoder. */
function show(cell, on) {
  cell.on = on;
  if (on) {
    find("stage").insertBefore(
      cell.figure, cells.slice(cell.index + 1).find((next) => next.on)?.figure ?? null);
    cell.player.src = cell.video.clips[state.clock];
  } else {
    cell.figure.remove();
    cell.player.removeAttribute("src");
    cell.player.load();
  }
}

/** Choose the number of columns that shows the pictures largest. */
function layOut() {
  const stage = find("stage"), count = shownCells().length, gap = 12, text = 27;
  const aspect = data.aspect;
  let best = { width: 0 };
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns);
    const height = (stage.clientHeight - gap * (rows + 1)) / rows - text;
    const width = Math.min((stage.clientWidth - gap * (columns + 1)) / columns, height * aspect);
    if (width > best.width) best = { width, columns };
  }
  const width = Math.max(40, Math.floor(best.width));
  stage.style.setProperty("--cell-width", `${width}px`);
  stage.style.setProperty("--cell-height", `${Math.round(width / aspect)}px`);
  stage.style.paddingInline =
    `${Math.max(gap, (stage.clientWidth - best.columns * (width + gap) - 1) / 2)}px`;
}

// ---- the frame shown -------------------------------------------------------------------------

/** Follow what is truly on screen: `currentTime` is rounded, a frame's own time is not. */
function watchFrames(cell) {
  const { player } = cell;
  const during = (seconds) => {
    if (state.motion !== "forward" || player.seeking) return;
    setShown(cell, clamp(Math.round(seconds * data.rate), 0, ticksOf(cell) - 1));
  };
  if (!player.requestVideoFrameCallback) {
    player.addEventListener("timeupdate", () => during(player.currentTime - 0.5 / data.rate));
    return;
  }
  const onFrame = (_, frame) => {
    during(frame.mediaTime);
    if (state.motion !== "forward" && !player.seeking) paint(cell);
    player.requestVideoFrameCallback(onFrame);
  };
  player.requestVideoFrameCallback(onFrame);
}

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
/** The tick a cell shows, or would show if it were on the stage. */
const tickOf = (cell) => clamp(cell.on ? cell.shown : state.tick, 0, ticksOf(cell) - 1);
const timeOf = (cell) => cell.video.times[cell.video.frames[state.clock][tickOf(cell)]];
const matchOf = (cell) =>
  cell.video.match?.[state.clock][Math.max(tickOf(cell), tickOf(cells[0]))];

function setShown(cell, tick) {
  cell.shown = tick;
  cell.time.textContent = `${timeOf(cell).toFixed(2)} s`;
  const match = matchOf(cell);
  if (match !== undefined) {
    cell.bar.style.transform = `scaleX(${match / 100})`;
    cell.bar.parentNode.setAttribute("aria-valuenow", match);
  }
  if (cell.index === 0 || cell.index === state.selected) drawMap();
}

const event = (target, ...names) => new Promise((done) => {
  const finish = () => {
    names.forEach((name) => target.removeEventListener(name, finish));
    done();
  };
  names.forEach((name) => target.addEventListener(name, finish));
});

/** Show a still frame on the canvas over the video.
 *
 * When frames follow each other faster than the screen is drawn, as seeking in haste does,
 * Chromium may leave an older one on screen for good, although the video itself is at the right
 * one: it drops what comes before the last was drawn. A canvas is always drawn.
 */
function paint(cell) {
  const { player, still, figure } = cell;
  if (still.width !== player.videoWidth || still.height !== player.videoHeight) {
    still.width = player.videoWidth;
    still.height = player.videoHeight;
  }
  still.getContext("2d").drawImage(player, 0, 0);
  figure.classList.remove("moving");
}

/** Bring one cell to a tick; while it is on its way, only the last wish counts. */
function bring(cell, tick) {
  cell.wanted = clamp(tick, 0, ticksOf(cell) - 1);
  cell.arriving ??= arrive(cell).finally(() => { cell.arriving = null; });
  return cell.arriving;
}

async function arrive(cell) {
  const { player } = cell;
  for (let reached = -1; cell.on && !player.error && reached !== cell.wanted;) {
    const clip = player.getAttribute("src");
    if (player.readyState < 1) await event(player, "loadedmetadata", "error", "emptied");
    if (player.seeking) await event(player, "seeked", "error", "emptied"); // one seek at a time
    if (player.readyState < 1) continue;
    reached = cell.wanted;
    player.currentTime = (reached + 0.5) / data.rate;
    await event(player, "seeked", "error", "emptied");
    if (player.getAttribute("src") !== clip) reached = -1; // the clock was switched on the way
    else if (reached === cell.wanted) {
      paint(cell);
      setShown(cell, reached);
    }
  }
}

/** Show a tick in every cell; resolves when all have arrived. */
function goTo(tick) {
  state.tick = clamp(Math.round(tick), 0, ticksInAll() - 1);
  showPosition();
  return Promise.all(shownCells().map((cell) => bring(cell, state.tick)));
}

function seek(tick) {
  stop();
  return goTo(tick);
}

// ---- motion ----------------------------------------------------------------------------------

function setMotion(motion) {
  state.motion = motion;
  state.run += 1;
  find("play").textContent = motion === "still" ? "play" : "pause";
  find("play").setAttribute("aria-label", motion === "still" ? "Play" : "Pause");
  return state.run;
}

function stop() {
  if (state.motion === "still") return;
  setMotion("still");
  shownCells().forEach((cell) => cell.player.pause());
}

/** Stop with all cells on the very same tick. */
const pause = () => seek(state.tick);

async function play() {
  stop();
  const run = setMotion("forward");
  await goTo(state.tick >= ticksInAll() - 1 ? 0 : state.tick);
  if (run !== state.run) return;
  const moving = shownCells().filter((cell) => ticksOf(cell) > state.tick + 1);
  moving.forEach((cell) => {
    cell.figure.classList.add("moving");
    cell.player.playbackRate = state.speed;
    cell.player.play().catch(() => {}); // a later pause ends a pending play: no failure
  });
  const leader = moving.reduce((a, b) => (ticksOf(b) > ticksOf(a) ? b : a), moving[0]);
  if (!leader) return pause();
  const onTick = () => {
    if (run !== state.run) return;
    state.tick = leader.shown;
    showPosition();
    moving.forEach((cell) => keepUp(cell, leader));
    if (leader.player.ended) atEnd();
    else requestAnimationFrame(onTick);
  };
  requestAnimationFrame(onTick);
}

/** Nudge a clip that has drifted from the leader; jump if it is far off. */
function keepUp(cell, leader) {
  if (cell === leader || cell.player.ended || cell.player.seeking) return;
  const drift = cell.player.currentTime - leader.player.currentTime;
  if (Math.abs(drift) > 0.3 * Math.max(1, state.speed)) {
    const last = (ticksOf(cell) - 0.5) / data.rate;
    cell.player.currentTime = Math.min(leader.player.currentTime, last);
  }
  const nudge = Math.abs(drift) * data.rate > 0.5 ? clamp(drift, -0.15, 0.15) : 0;
  cell.player.playbackRate = state.speed * (1 - nudge);
}

function atEnd() {
  state.tick = ticksInAll() - 1;
  if (state.loop) play(); else pause();
}

/** Browsers cannot play backwards: step back as fast as seeking allows, on time. */
async function playBackward() {
  stop();
  const run = setMotion("backward"), begun = performance.now(), from = state.tick;
  while (run === state.run && state.tick > 0) {
    await new Promise(requestAnimationFrame);
    const elapsed = (performance.now() - begun) / 1000;
    if (run === state.run) await goTo(from - elapsed * data.rate * state.speed);
  }
  if (run === state.run) pause();
}

const toggle = () => (state.motion === "still" ? play() : pause());

function setSpeed(speed) {
  state.speed = clamp(Math.round(speed * 10) / 10, 0.1, 2);
  find("speed").value = state.speed;
  find("speed-value").textContent = `${state.speed}×`;
  if (state.motion !== "forward") return;
  shownCells().forEach((cell) => { cell.player.playbackRate = state.speed; });
}

function setLoop(on) {
  state.loop = on;
  find("loop").setAttribute("aria-pressed", on);
}

// ---- clock and position ----------------------------------------------------------------------

/** Switch the clock, staying on the same tick; resolves when all cells show it. */
async function setClock(name) {
  if (!data.clocks.includes(name)) throw new Error(`no clock named ${name}`);
  const wasPlaying = state.motion === "forward";
  stop();
  state.clock = name;
  document.querySelectorAll("[data-clock]").forEach((button) =>
    button.setAttribute("aria-pressed", button.dataset.clock === name));
  find("scrubber").max = ticksInAll() - 1;
  for (const cell of shownCells()) {
    const source = cell.video.clips[name];
    if (cell.player.getAttribute("src") !== source) cell.player.src = source;
  }
  await goTo(state.tick);
  if (wasPlaying) await play();
}

function showPosition() {
  const seconds = (tick) => (tick / data.rate).toFixed(2);
  find("scrubber").value = state.tick;
  shownCells().forEach((cell) =>
    cell.figure.classList.toggle("finished", state.tick >= ticksOf(cell)));
  find("position").textContent =
    `${seconds(state.tick)} / ${seconds(ticksInAll())} s    frame ${state.tick}`;
}

// ---- list of videos --------------------------------------------------------------------------

function makeRow(cell) {
  const row = (cell.row = element("li", cell.index === 0 ? "reference" : "", find("list")));
  const box = element("input", "", row);
  box.type = "checkbox";
  box.checked = cell.on;
  box.disabled = cell.index === 0;
  box.setAttribute("aria-label", `show ${cell.video.name}`);
  box.addEventListener("change", async () => {
    await pause();
    show(cell, box.checked);
    find("scrubber").max = ticksInAll() - 1;
    layOut();
    await goTo(state.tick);
  });
  const button = element("button", "", row);
  button.type = "button";
  writeName(element("span", "name", button), cell.video.name);
  element("span", "mean", button).textContent =
    cell.index === 0 ? "reference" : `match ${cell.video.mean.toFixed(2)}`;
  button.addEventListener("click", () => select(cell.index));
}

// ---- keyboard and mouse ----------------------------------------------------------------------

const KEYS = {
  " ": toggle,
  k: pause,
  j: playBackward,
  l: () => (state.motion === "forward" ? setSpeed(state.speed * 2) : play()),
  ArrowLeft: (key) => seek(state.tick - (key.shiftKey ? 10 : 1)),
  ArrowRight: (key) => seek(state.tick + (key.shiftKey ? 10 : 1)),
  ArrowUp: () => select(Math.max(1, state.selected - 1)),
  ArrowDown: () => select(state.selected + 1),
  Home: () => seek(0),
  End: () => seek(ticksInAll() - 1),
  1: () => setClock("aligned"),
  2: () => setClock("own"),
  3: () => setClock("percentage"),
};

function onKey(key) {
  if (key.ctrlKey || key.metaKey || key.altKey) return;
  const target = key.target;
  const usesKey = target.id === "speed" ? key.key.startsWith("Arrow")
    : key.key === " " && target.matches("button, input[type=checkbox]");
  const action = KEYS[key.key.length === 1 ? key.key.toLowerCase() : key.key];
  if (usesKey || !action) return;
  key.preventDefault();
  action(key);
}

function listen() {
  document.addEventListener("keydown", onKey);
  // A mouse click leaves the focus alone, so that space goes on meaning play.
  document.addEventListener("mousedown", (press) => {
    if (press.target.closest("button")) press.preventDefault();
  });
  find("play").addEventListener("click", toggle);
  find("back").addEventListener("click", () => seek(state.tick - 1));
  find("forward").addEventListener("click", () => seek(state.tick + 1));
  find("loop").addEventListener("click", () => setLoop(!state.loop));
  find("speed").addEventListener("input", (change) => setSpeed(Number(change.target.value)));
  find("scrubber").addEventListener("input", (change) => seek(Number(change.target.value)));
  find("map").addEventListener("click", seekOnMap);
  document.querySelectorAll("[data-clock]").forEach((button) =>
    button.addEventListener("click", () => setClock(button.dataset.clock)));
  new ResizeObserver(layOut).observe(find("stage"));
}

function start() {
  document.title = `${data.videos[0].name} · inphase`;
  find("title").textContent = data.title;
  cells.forEach((cell) => {
    show(cell, cell.index < SHOWN_AT_FIRST);
    makeRow(cell);
  });
  layOut();
  listen();
  setMotion("still");
  select(state.selected);
  return setClock("aligned");
}

window.inphase = {
  ready: start(), seek, play, pause, clock: setClock, select, speed: setSpeed, loop: setLoop,
  state, shown: () => cells.map((cell) => cell.shown),
};
