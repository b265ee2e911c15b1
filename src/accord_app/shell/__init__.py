"""The page around every page: navigation, components, tokens, charts, panels, search, errors."""
