// Runs before the first paint, so that it has the chosen colours.
(() => {
	try {
		const theme = localStorage.getItem('hivesum.theme');
		if (/^(light|dark)$/.test(theme)) document.documentElement.dataset.theme = theme;
	} catch { /* no storage: the system's colours */ }
})();
