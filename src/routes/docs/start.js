// As in the page: the theme that was chosen there, or else that of the system. Swagger UI has the styles of both.
const system = matchMedia("(prefers-color-scheme: dark)");
function paint() {
  let chosen = null;
  try {
    chosen = localStorage.getItem("hivesum.theme");
  } catch {
    // Nothing is remembered.
  }
  document.documentElement.classList.toggle("dark-mode", chosen ? chosen === "dark" : system.matches);
}
system.addEventListener("change", paint);
paint();

// The browser sends the session's cookie by itself; no validator on another host is called.
SwaggerUIBundle({
  url: "./openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
});
