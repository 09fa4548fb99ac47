// The browser sends the session's cookie by itself; no validator on another host is called.
SwaggerUIBundle({
  url: "./openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
});
