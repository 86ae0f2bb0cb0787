// The contract that this very server keeps, drawn by Redoc; nothing comes from elsewhere.
Redoc.init('/openapi.yaml', { hideDownloadButtons: false, nativeScrollbars: true, sortTagsAlphabetically: true }, document.getElementById('reference'));
