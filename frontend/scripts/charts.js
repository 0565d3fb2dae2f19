// Draws <figure data-chart="ID"> from the JSON in <template id="ID">; see templates/components/chart.html for its shape.
// Colours are CSS variables, so light, dark and paper need no second drawing. No tooltip in HTML: it would need inline styles.
import { BarChart, LineChart } from "echarts/charts";
import { GridComponent, MarkLineComponent, TooltipComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { LabelLayout } from "echarts/features";
import { SVGRenderer } from "echarts/renderers";
import { language } from "./text.js";

use([BarChart, LineChart, GridComponent, MarkLineComponent, TooltipComponent, LabelLayout, SVGRenderer]);

const LINES = ["var(--chart-1)", "var(--chart-2)", "var(--chart-3)", "var(--chart-4)"];
const drawn = new Map();

const resized = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const chart = drawn.get(target);
    if (!target.isConnected) {
      chart?.dispose();
      drawn.delete(target);
      resized.unobserve(target);
    } else if (chart) {
      chart.draw();
    }
  }
});

export function drawCharts(root) {
  const figures = root.matches?.("[data-chart]") ? [root] : root.querySelectorAll("[data-chart]");
  for (const figure of figures) {
    const place = figure.querySelector("[data-chart-drawing]");
    const source = document.getElementById(figure.dataset.chart);
    if (!place || !source || drawn.has(place)) continue;
    const specification = JSON.parse(source.content.textContent);
    const chart = init(place, null, { renderer: "svg" });
    const draw = () => {
      chart.resize();
      chart.setOption(optionsOf(specification, place.clientWidth), true);
    };
    drawn.set(place, { draw, dispose: () => chart.dispose() });
    draw();
    resized.observe(place);
  }
}

function optionsOf(specification, width) {
  const narrow = width < 480;
  const font = getComputedStyle(document.body).fontFamily;
  const format = formatter(specification);
  const isLine = specification.kind === "line";
  const lying = Boolean(specification.horizontal);
  const labelled = specification.labels.length * specification.series.length <= (narrow ? 8 : 16);
  const categories = {
    type: "category",
    data: specification.labels,
    inverse: lying,
    boundaryGap: !isLine,
    axisTick: { show: false },
    axisLine: { lineStyle: { color: "var(--line-strong)" } },
    axisLabel: { color: "var(--text-quiet)", fontFamily: font, fontSize: 12, hideOverlap: true, ...(lying ? { width: narrow ? 90 : 160, overflow: "truncate" } : {}) },
  };
  const values = {
    type: "value",
    ...rangeOf(specification, isLine, labelled),
    axisLabel: { show: isLine || !labelled, color: "var(--text-quiet)", fontFamily: font, fontSize: 12, formatter: formatter({}) },
    splitLine: { show: isLine || !labelled, lineStyle: { color: "var(--line)" } },
  };
  const endNames = isLine && specification.series.length > 1;
  return {
    animation: !matchMedia("(prefers-reduced-motion: reduce)").matches && { duration: 300 },
    animationDuration: 300,
    textStyle: { fontFamily: font },
    grid: {
      left: 4,
      right: endNames ? (narrow ? 76 : 110) : specification.reference ? 64 : lying ? 48 : 16,
      top: 24,
      bottom: 4,
      containLabel: true,
    },
    tooltip: {
      trigger: "axis",
      renderMode: "richText",
      confine: true,
      axisPointer: { type: isLine ? "line" : "none", lineStyle: { color: "var(--line-strong)", type: "solid" } },
      backgroundColor: "var(--surface-raised)",
      borderColor: "var(--line-strong)",
      textStyle: { color: "var(--text)", fontFamily: font, fontSize: 13 },
      formatter: (points) => [points[0].name, ...points.map((point) => `${specification.series.length > 1 ? `${point.seriesName}  ` : ""}${format(point.value)}${unitOf(specification)}`)].join("\n"),
    },
    xAxis: lying ? values : categories,
    yAxis: lying ? categories : values,
    series: specification.series.map((series, place) => seriesOf(specification, series, place, { format, font, labelled, endNames, narrow, lying })),
  };
}

// A bar's length is its value, so it starts at zero; a line may start where something happens. The reference is always seen.
function rangeOf({ series, reference }, isLine, labelled) {
  const all = series.flatMap(({ values }) => values).filter((value) => value !== null && value !== undefined);
  if (reference) all.push(reference.value);
  let low = Math.min(...all, isLine ? Infinity : 0);
  let high = Math.max(...all, isLine ? -Infinity : 0);
  if (!Number.isFinite(low) || !Number.isFinite(high)) return {};
  if (low === high) high = low + 1;
  if (!isLine && labelled) return { min: low, max: high };
  const rough = (high - low) / 3;
  const power = 10 ** Math.floor(Math.log10(rough));
  const interval = [1, 2, 2.5, 5, 10].find((step) => step * power >= rough) * power;
  low = Math.floor(low / interval) * interval;
  high = Math.ceil(high / interval) * interval;
  return { min: low, max: high, interval };
}

function seriesOf(specification, series, place, { format, font, labelled, endNames, narrow, lying }) {
  const leads = series.emphasis ?? place === 0;
  const colour = leads ? "var(--chart-1)" : LINES[Math.min(Math.max(place, 1), LINES.length - 1)];
  const reference = place === 0 && specification.reference;
  const common = {
    name: series.name,
    data: series.values,
    emphasis: { disabled: true },
    silent: false,
    markLine: reference && {
      silent: true,
      symbol: "none",
      animation: false,
      lineStyle: { color: "var(--text-quiet)", type: [4, 4], width: 1 },
      label: {
        // Beside the drawing where nothing else stands; end names of lines take that place first.
        position: endNames ? "insideStartTop" : "end",
        color: "var(--text-quiet)",
        fontFamily: font,
        fontSize: 12,
        lineHeight: 15,
        formatter: `${reference.label}${endNames || lying ? " " : "\n"}${formatter({})(reference.value)}`,
      },
      data: [lying ? { xAxis: reference.value } : { yAxis: reference.value }],
    },
  };
  const number = { color: "var(--text)", fontFamily: font, fontSize: 12, formatter: ({ value }) => format(value) };
  if (specification.kind === "line") {
    const last = series.values.findLastIndex((value) => value !== null);
    return {
      ...common,
      type: "line",
      smooth: false,
      connectNulls: false,
      showSymbol: true,
      symbol: "circle",
      // Only the last point is marked and, where several lines run, named: the eye needs no legend.
      symbolSize: (_, { dataIndex }) => (dataIndex === last ? 9 : leads && labelled ? 5 : 0),
      lineStyle: { color: colour, width: leads ? 2.5 : 1.5 },
      itemStyle: { color: colour },
      endLabel: endNames ? { show: true, formatter: () => series.name, color: leads ? "var(--text)" : "var(--text-quiet)", fontFamily: font, fontSize: 12, fontWeight: leads ? 600 : 400, width: narrow ? 70 : 104, overflow: "break" } : { show: false },
      label: { show: leads && labelled, position: "top", ...number },
      labelLayout: { moveOverlap: "shiftY" },
      z: leads ? 3 : 2,
    };
  }
  const histogram = specification.kind === "histogram";
  return {
    ...common,
    type: "bar",
    barCategoryGap: histogram ? "6%" : "36%",
    barMaxWidth: histogram ? undefined : 56,
    label: { show: labelled, position: lying ? "right" : "top", ...number },
    data: series.values.map((value, index) => ({
      value,
      itemStyle: { color: barColour(specification, series, index, colour), borderRadius: lying ? [0, 3, 3, 0] : [3, 3, 0, 0] },
    })),
  };
}

function barColour(specification, series, index, colour) {
  if (specification.bands?.[index]) return `var(--${specification.bands[index]})`;
  if (series.css) return `var(--${series.css})`;
  if (specification.highlight === undefined || specification.highlight === null) return colour;
  return index === specification.highlight ? colour : "var(--line-strong)";
}

function formatter({ decimals }) {
  const options = decimals === undefined ? { maximumFractionDigits: 2 } : { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  const intl = new Intl.NumberFormat(language(), options);
  return (value) => (value === null || value === undefined || Number.isNaN(Number(value)) ? "–" : intl.format(value));
}

function unitOf({ unit }) {
  return unit ? ` ${unit}` : "";
}
