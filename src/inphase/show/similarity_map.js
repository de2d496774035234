// The similarity map of the selected pair: picture, path, and a crosshair at the frames shown.
// Reference time runs to the right, own time down.

const MAP_SIDE = 280;

function select(index) {
  if (index === 0 || index >= cells.length) return;
  state.selected = index;
  cells.forEach((cell) => {
    cell.figure.classList.toggle("selected", cell.index === index);
    cell.row.classList.toggle("selected", cell.index === index);
    cell.row.querySelector("button").setAttribute("aria-pressed", cell.index === index);
  });
  const { map } = cells[index].video;
  if (!map.picture) {
    map.picture = new Image();
    map.picture.onload = drawMap;
    map.picture.src = map.image;
  }
  drawMap();
}

const along = (value, [from, to]) => (value - from) / (to - from || 1);

function drawMap() {
  const canvas = find("map"), cell = cells[state.selected], { map } = cell.video;
  if (!map?.picture) return;
  const side = MAP_SIDE, ratio = window.devicePixelRatio || 1;
  canvas.width = canvas.height = side * ratio;
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  pen.imageSmoothingEnabled = false;
  if (map.picture.complete) pen.drawImage(map.picture, 0, 0, side, side);
  drawPath(pen, map, side);
  const x = along(timeOf(cells[0]), map.reference) * side, y = along(timeOf(cell), map.own) * side;
  drawCrosshair(pen, x, y, side);
  describePair(cell);
}

function drawPath(pen, map, side) {
  pen.beginPath();
  map.path.forEach(([reference, own]) =>
    pen.lineTo(along(reference, map.reference) * side, along(own, map.own) * side));
  for (const [width, colour] of [[3.5, "#101114"], [1.5, "#f0a63c"]]) {
    pen.lineWidth = width;
    pen.strokeStyle = colour;
    pen.stroke();
  }
}

function drawCrosshair(pen, x, y, side) {
  pen.lineWidth = 1;
  pen.strokeStyle = "rgb(255 255 255 / 55%)";
  pen.beginPath();
  pen.moveTo(x, 0);
  pen.lineTo(x, side);
  pen.moveTo(0, y);
  pen.lineTo(side, y);
  pen.stroke();
  pen.beginPath();
  pen.arc(x, y, 4, 0, 2 * Math.PI);
  pen.fillStyle = "#fff";
  pen.fill();
}

function describePair(cell) {
  const match = (matchOf(cell) / 100).toFixed(2);
  find("pair").textContent =
    `→ ${cells[0].video.name} ${timeOf(cells[0]).toFixed(2)} s\n` +
    `↓ ${cell.video.name} ${timeOf(cell).toFixed(2)} s   match ${match}`;
}

function seekOnMap(click) {
  const { map } = cells[state.selected].video;
  if (!map) return;
  const [from, to] = map.reference;
  const box = find("map").getBoundingClientRect();
  const seconds = ((click.clientX - box.left) / box.width) * (to - from) + from;
  seek((seconds - cells[0].video.times[0]) * data.rate);
}
