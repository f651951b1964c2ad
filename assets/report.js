// Draws the figures of a report from the JSON beside them, in the colours of the reader's theme.
const dark = matchMedia("(prefers-color-scheme: dark)");

function save(format) {
  return {
    name: "Save as " + format.toUpperCase(),
    icon: Plotly.Icons.disk,
    click: (chart) => Plotly.downloadImage(chart, { format, scale: format === "png" ? 2 : 1, filename: chart.id }),
  };
}

function themed(layout) {
  const ink = dark.matches ? "#E8EAED" : "#1B1F24", grid = dark.matches ? "#333A44" : "#E3E6EA";
  const clear = "rgba(0,0,0,0)";
  const axes = Object.keys(layout).filter((name) => /^[xy]axis\d*$/.test(name));
  const painted = axes.map((name) => [name, { ...layout[name], gridcolor: grid, linecolor: grid, zerolinecolor: grid }]);
  return { ...layout, ...Object.fromEntries(painted), font: { ...layout.font, color: ink }, paper_bgcolor: clear, plot_bgcolor: clear };
}

function draw() {
  for (const source of document.querySelectorAll("script[type='application/json'][data-chart]")) {
    const figure = JSON.parse(source.textContent);
    const config = { displaylogo: false, responsive: true, modeBarButtonsToRemove: ["toImage", "select2d", "lasso2d"], modeBarButtonsToAdd: [save("svg"), save("png")] };
    Plotly.react(source.dataset.chart, figure.data, themed(figure.layout), config);
  }
}

draw();
dark.addEventListener("change", draw);
