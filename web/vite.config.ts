import vue from '@vitejs/plugin-vue';
import Components from 'unplugin-vue-components/vite';
import { ElementPlusResolver } from 'unplugin-vue-components/resolvers';
import { defineConfig } from 'vite';
import { fileURLToPath } from 'node:url';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

// RevoGrid and the map worker are elements and files of their own; the kit is taken in part by part.
export default defineConfig({
  plugins: [
    vue({ template: { compilerOptions: { isCustomElement: (tag) => tag === 'revo-grid' } } }),
    Components({ dirs: [], dts: false, resolvers: [ElementPlusResolver({ importStyle: 'css' })] }),
  ],
  resolve: { alias: { '@': at('./src') } },
  build: {
    target: ['chrome92', 'safari15'],
    sourcemap: false,
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    manifest: true,
    chunkSizeWarningLimit: 1200,
    rollupOptions: { input: { index: at('./index.html'), field: at('./field.html') } },
  },
  server: { proxy: { '/api': 'http://127.0.0.1:8640', '/ogc': 'http://127.0.0.1:8640' } },
});
