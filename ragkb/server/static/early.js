// Runs before the first paint, so that a chosen theme and language never flash.
(() => {
  const stored = (name) => {
    try {
      return localStorage.getItem(name);
    } catch {
      return null; // storage is switched off
    }
  };
  const root = document.documentElement;
  const theme = stored("ragkb.theme");
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  const language = stored("ragkb.language") || navigator.language || "en";
  root.lang = language.toLowerCase().startsWith("zh") ? "zh-CN" : "en";
})();
