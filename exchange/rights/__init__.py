"""Rights over data: who may hold, use and operate it, registered by the exchange's own registrar (权益登记).

An application passes acceptance, review, publicity and objections (数据产权登记工作指引（试行）) and becomes one record for
each holder. HOLD, USE and OPERATE are independent, and several holders may have the same right over the same data. A record
is the exchange's own: it is no 数据产权登记凭证, which a listed registrar alone issues.
"""
