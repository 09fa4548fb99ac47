// Runs before the first paint: the chosen colours must not arrive after it.
(() => {
	try {
		const theme = localStorage.getItem('hivesum.theme');
		if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
	} catch { /* no storage: the system's colours */ }
})();
