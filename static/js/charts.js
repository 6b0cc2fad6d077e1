// Draws <figure data-chart="id"> from the JSON in <script id> by ECharts, as SVG; the table below
// it holds the same numbers and stays where nothing can be drawn. A point opens its tickets. On
// paper both stand. Nothing moves: there is no animation to be reduced.

// After Okabe and Ito, darkened so that each has 3:1 against white; lines differ in dashes and
// points as well, bars in their pattern.
const COLOURS = [
  "#0072b2", "#c04a00", "#007a5a", "#a3437f", "#1b2530", "#8a6100", "#5a6b7b", "#6a51a3",
];
const DASHES = ["solid", "dashed", "dotted", [10, 3, 2, 3]];
const SYMBOLS = ["circle", "rect", "triangle", "diamond", "roundRect"];
const PATTERNS = [
  null,
  { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [2, 5], rotation: Math.PI / 4 },
  { symbol: "circle", dashArrayX: [[6, 6], [0, 6, 6, 0]], dashArrayY: [6, 0], symbolSize: 0.6 },
  { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [2, 5], rotation: -Math.PI / 4 },
  { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [3, 3] },
];
const INK = "#1b2530";
const LINE = "#d9dfe6";
const PAPER_WIDTH = 660;
const drawn = new Map();
const language = document.documentElement.lang || "zh-hans";

function option(data, openWord) {
  const font = getComputedStyle(document.body).fontFamily;
  const text = { color: INK, fontFamily: font, fontSize: 12 };
  const sign = data.isSigned ? { signDisplay: "exceptZero" } : {};
  const exact = new Intl.NumberFormat(language, { maximumFractionDigits: 2, ...sign });
  const short = new Intl.NumberFormat(language, {
    notation: "compact", maximumFractionDigits: 2, ...sign,
  });
  const percent = data.unit === "%" ? "%" : "";
  const isLine = data.kind === "line";
  const isMany = data.series.length > 1;
  const told = (points) =>
    [points[0].name]
      .concat(
        points
          .filter((point) => typeof point.value === "number")
          .map((point) => {
            const isOpen = data.series[point.seriesIndex].open.includes(point.dataIndex);
            const name = isMany ? `${point.seriesName}  ` : "";
            return `${name}${exact.format(point.value)}${percent}${isOpen ? `  ${openWord}` : ""}`;
          }),
      )
      .join("\n");
  return {
    animation: false,
    textStyle: text,
    grid: { left: 8, right: 16, top: isMany ? 36 : 16, bottom: 4, containLabel: true },
    legend: { show: isMany, type: "scroll", top: 0, left: 0, itemWidth: 30, textStyle: text },
    tooltip: {
      trigger: "axis", renderMode: "richText", confine: true, transitionDuration: 0,
      axisPointer: { type: isLine ? "line" : "shadow" }, formatter: told, textStyle: text,
    },
    xAxis: {
      type: "category", data: data.labels, boundaryGap: !isLine,
      axisLabel: { ...text, hideOverlap: true }, axisLine: { onZero: false, lineStyle: { color: "#85919e" } },
      axisTick: { show: false },
    },
    yAxis: {
      type: "value", scale: isLine && data.isShare,
      max: data.kind === "stacked" && data.isShare ? 100 : null,
      axisLabel: { ...text, formatter: (value) => short.format(value) + percent },
      splitLine: { lineStyle: { color: LINE } },
    },
    series: data.series.map((one, n) => series(data, one, n, isLine)),
  };
}

function series(data, one, n, isLine) {
  const colour = COLOURS[n % COLOURS.length];
  const shape = SYMBOLS[n % SYMBOLS.length];
  const pattern = PATTERNS[n % PATTERNS.length];
  const points = one.values.map((value, place) => {
    const isOpen = one.open.includes(place);
    const point = { value: value === null ? "-" : value, cursor: one.urls[place] ? "pointer" : "default" };
    if (isOpen && isLine) point.symbol = `empty${shape[0].toUpperCase()}${shape.slice(1)}`;
    if (isOpen && !isLine) {
      point.itemStyle = { color: "#fff", borderColor: colour, borderWidth: 2, borderType: "dashed" };
    }
    return point;
  });
  const shared = { name: one.name, data: points, color: colour, emphasis: { disabled: true } };
  if (isLine) {
    return {
      ...shared, type: "line", symbol: shape, symbolSize: 8, showAllSymbol: true,
      lineStyle: { width: n ? 1.5 : 2.5, type: DASHES[n % DASHES.length] },
    };
  }
  return {
    ...shared, type: "bar", barMaxWidth: 36, stack: data.kind === "stacked" ? "all" : undefined,
    itemStyle: {
      borderColor: "#fff", borderWidth: data.kind === "stacked" ? 1 : 0,
      decal: pattern ? { ...pattern, color: "rgba(255, 255, 255, 0.45)" } : undefined,
    },
  };
}

function draw(figure) {
  const source = document.getElementById(figure.dataset.chart);
  const place = figure.querySelector(".chart-canvas");
  if (drawn.has(figure) || !source || !place || !window.echarts) return;
  const data = JSON.parse(source.textContent);
  figure.classList.add("is-drawn");
  const chart = window.echarts.init(place, null, { renderer: "svg" });
  chart.setOption(option(data, figure.dataset.openWord || ""));
  chart.on("click", (point) => {
    const url = (data.series[point.seriesIndex] || { urls: [] }).urls[point.dataIndex];
    if (url) window.location.assign(url);
  });
  const watcher = new ResizeObserver(() => {
    const { clientWidth, clientHeight } = place;
    if (clientWidth !== chart.getWidth() || clientHeight !== chart.getHeight()) chart.resize();
  });
  watcher.observe(place);
  drawn.set(figure, { chart, watcher });
  figure.querySelector(".chart-twin").open = false;
}

function drawIn(part) {
  part.querySelectorAll("figure[data-chart]").forEach(draw);
}

document.body.addEventListener("htmx:load", (event) => drawIn(event.detail.elt.parentElement || document));
document.body.addEventListener("htmx:beforeCleanupElement", (event) => {
  const gone = drawn.get(event.detail.elt);
  if (!gone) return;
  gone.watcher.disconnect();
  gone.chart.dispose();
  drawn.delete(event.detail.elt);
});

window.addEventListener("beforeprint", () => {
  drawn.forEach(({ chart }, figure) => {
    const twin = figure.querySelector(".chart-twin");
    twin.dataset.wasOpen = twin.open ? "1" : "";
    twin.open = true;
    chart.resize({ width: PAPER_WIDTH });
    chart.getZr().flush();
  });
});
window.addEventListener("afterprint", () => {
  drawn.forEach(({ chart }, figure) => {
    const twin = figure.querySelector(".chart-twin");
    twin.open = Boolean(twin.dataset.wasOpen);
    chart.resize({ width: "auto" });
  });
});

drawIn(document);
