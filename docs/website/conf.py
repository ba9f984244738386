"""Settings of the website for Sphinx: furo's theme, the notebooks as they are stored, nothing from other hosts."""

import re
from importlib import metadata

project = "chainrule"
author = copyright = "chainrule contributors"
try:
    version = release = metadata.version("chainrule")
except metadata.PackageNotFoundError:  # a tree that is not installed
    version = release = ""
locale_dirs = ["locale"]
gettext_compact = False
extensions = ["myst_nb", "sphinx.ext.autodoc"]
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb", ".rst": "restructuredtext"}
suppress_warnings = ["myst.header", "myst.xref_missing", "mystnb.unknown_mime_type", "misc.highlighting_failure", "ref.python"]
templates_path = ["_templates"]
exclude_patterns = ["_build"]
nb_execution_mode = "off"
nb_ipywidgets_js = {}
nb_merge_streams = True
myst_heading_anchors = 3
myst_enable_extensions = []
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True, "undoc-members": False, "show-inheritance": False}
python_use_unqualified_type_names = True
add_module_names = False
html_theme = "furo"
html_title = "chainrule"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_copy_source = html_show_sourcelink = False
html_use_index = html_domain_indices = False
html_sidebars = {"**": ["sidebar/brand.html", "sidebar/language.html", "sidebar/search.html", "sidebar/scroll-start.html",
                        "sidebar/navigation.html", "sidebar/scroll-end.html"]}
html_theme_options = {"navigation_with_keys": False}
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"


def plain(app, what, name, thing, options, lines):
    """Keep signs of formulas, as in |x| and a*, from being read as markup: only ``literals`` are."""
    for i, line in enumerate(lines):
        parts = re.split(r"(``.*?``)", line)
        lines[i] = "".join(part if k % 2 else re.sub(r"([|*_])", r"\\\1", part) for k, part in enumerate(parts)) \
            if not line.lstrip().startswith((">>>", "...")) else line


def other_language(app, pagename, templatename, context, doctree):
    """Tell the templates where this page is in the other language, or that language's first page where it is not there."""
    korean = app.config.language == "ko"
    up = "../" * (pagename.count("/") + korean)
    both = pagename[0].isdigit() or pagename in ("glossary", "operations", "syllabus", "search")
    name = pagename if both else "index"
    context["other_language"] = f"{up}{'' if korean else 'ko/'}{name}.html"


def setup(app):
    """Connect the reader of docstrings and the language switch."""
    app.connect("autodoc-process-docstring", plain)
    app.connect("html-page-context", other_language)
