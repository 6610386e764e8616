// What PyTorch has no function for, in Python. A file gets those that its layers need.

export const helperFunctions = {
  drop_path: `\
def drop_path(x, rate, training):
    """Drops all of an image at random while training, and scales those of the others up."""
    if not training:
        return x
    kept = torch.rand([len(x)] + [1] * (x.dim() - 1), device=x.device) >= rate
    return x * kept / (1 - rate)
`,
  merge_patches: `\
def merge_patches(x):
    """Every 2x2 patch becomes one position, column by column: [B, H, W, C] -> [B, H/2, W/2, 4C]."""
    return torch.cat([x[:, i::2, j::2] for j in (0, 1) for i in (0, 1)], -1)
`,
  take_rows: `\
def take_rows(x, indices):
    """Tokens of [B, N, C] by their indices [B, K]; zeros where an index is none, such as -1."""
    indices = indices.long()
    there = (indices >= 0) & (indices < x.shape[1])
    rows = (indices * there).unsqueeze(-1).expand(-1, -1, x.shape[2])
    return torch.gather(x, 1, rows) * there.unsqueeze(-1)
`,
  attention: `\
def attention(q, k, v, heads, mask=None, bias=None):
    """Attention of tokens [B, N, C]; mask [B, K] is 0 where a key is padding, bias is added to the scores."""
    q, k, v = (x.unflatten(-1, (heads, -1)).transpose(1, 2) for x in (q, k, v))
    if mask is not None:
        bias = (1 - mask[:, None, None, :]) * -1e9
    return F.scaled_dot_product_attention(q, k, v, attn_mask=bias).transpose(1, 2).flatten(2)
`,
  window_attention: `\
def window_attention(q, k, v, table, heads, window, shift):
    """Attention within windows of images [B, H, W, C], with a bias for each relative position (Liu et al. 2021)."""
    sides = q.shape[1:3]
    rows, columns = (side // window for side in sides)
    up, left = (shift if side > window else 0 for side in sides)

    def cut(x):
        """[B, H, W, C] -> [B * windows, N, C]"""
        x = x.unflatten(2, (columns, window)).unflatten(1, (rows, window))
        return x.transpose(2, 3).flatten(3, 4).flatten(0, 2)

    at = torch.arange(window, device=q.device)
    y, x = (axis.flatten() for axis in torch.meshgrid(at, at, indexing='ij'))
    dy, dx = (axis[:, None] - axis[None, :] + window - 1 for axis in (y, x))
    bias = table[dy * (2 * window - 1) + dx].permute(2, 0, 1)[None]
    if up or left:
        # Positions that only meet by wrapping around do not see each other.
        part = [
            (torch.arange(side, device=q.device) >= side - window).long()
            + (torch.arange(side, device=q.device) >= side - move).long()
            for side, move in zip(sides, (up, left))
        ]
        region = cut((3 * part[0][:, None] + part[1][None, :])[None, :, :, None])[..., 0]
        apart = region[:, :, None] != region[:, None, :]
        bias = (bias + apart[:, None] * -100.0).repeat(len(q), 1, 1, 1)
    q, k, v = (cut(x.roll((-up, -left), (1, 2))) for x in (q, k, v))
    mixed = attention(q, k, v, heads, bias=bias)
    mixed = mixed.unflatten(0, (-1, rows, columns)).unflatten(3, (window, window))
    return mixed.transpose(2, 3).flatten(3, 4).flatten(1, 2).roll((up, left), (1, 2))
`,
} as const;

export type HelperName = keyof typeof helperFunctions;
