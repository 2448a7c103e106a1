# cuda-shims sitecustomize: Python reads no .pth file in a --target or --prefix directory; this does what cuda_shims.pth
# does, then runs the sitecustomize that this file hides, if there is one. "python -m cuda_shims uninstall --target DIR"
# (or --prefix DIR) removes it; where another tool has uninstalled cuda-shims, it removes itself.
def _run() -> None:
    import os  # noqa: PLC0415
    import sys  # noqa: PLC0415

    own = os.path.abspath(__file__)
    here = os.path.dirname(own)
    try:
        editable = not os.path.exists(os.path.join(here, "_cuda_shims"))
        if editable and not any(name.startswith("cuda_shims-") for name in os.listdir(here)):
            os.unlink(own)
            compiled = str(getattr(__spec__, "cached", None))
            os.unlink(compiled)
            os.rmdir(os.path.dirname(compiled))
        elif os.environ.get("CUDA_SHIMS_STARTUP") != "0":
            from _cuda_shims import main  # noqa: PLC0415

            main()
    except Exception:  # noqa: BLE001, S110 # an interpreter that cannot start is worse than any missing compiler
        pass
    from importlib.machinery import PathFinder  # noqa: PLC0415
    from importlib.util import module_from_spec  # noqa: PLC0415

    path = [each for each in sys.path if isinstance(each, str)]
    places = [os.path.abspath(each) for each in path]
    # only what comes behind: two such directories would run each other's for ever
    spec = PathFinder.find_spec("sitecustomize", path[places.index(here) + 1 :]) if here in places else None
    if spec is not None and spec.loader is not None:
        module = module_from_spec(spec)
        sys.modules["sitecustomize"] = module
        spec.loader.exec_module(module)


_run()
del _run
