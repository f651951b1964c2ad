"""All that knows a processor or a GPU: device, memory, matrix products, folding. Methods do not."""
