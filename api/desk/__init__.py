"""The desk (``/desk``): offices do their part here, in forms, without knowing what runs behind them."""
