# cuda-shims sitecustomize: Python reads no .pth file in a --target directory; this does what cuda_shims.pth does, then
# runs the sitecustomize that this file hides, if there is one. "python -m cuda_shims uninstall --target" removes it.
def _run() -> None:
    import os  # noqa: PLC0415
    import sys  # noqa: PLC0415

    try:
        if os.environ.get("CUDA_SHIMS_STARTUP") != "0":
            from _cuda_shims import main  # noqa: PLC0415

            main()
    except Exception:  # noqa: BLE001, S110 # an interpreter that cannot start is worse than any missing compiler
        pass
    from importlib.machinery import PathFinder  # noqa: PLC0415
    from importlib.util import module_from_spec  # noqa: PLC0415

    here = os.path.dirname(os.path.abspath(__file__))
    later = [path for path in sys.path if isinstance(path, str) and os.path.abspath(path) != here]
    spec = PathFinder.find_spec("sitecustomize", later)
    if spec is not None and spec.loader is not None:
        module = module_from_spec(spec)
        sys.modules["sitecustomize"] = module
        spec.loader.exec_module(module)


_run()
del _run
